import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandLine, type CommandLine } from '../support/command-line.ts';
import { type ManagementServer, serveManagement } from '../support/management-server.ts';

const SECRET = 'aB3'.repeat(14);
const KEY = `mcphub_x7k2m9qa_${SECRET}z`;

let cli: CommandLine;
let hub: ManagementServer;
beforeAll(async () => {
  [cli, hub] = await Promise.all([commandLine(), serveManagement()]);
  await cli.list({ port: hub.port });
});
afterAll(() => Promise.all([cli.remove(), hub.close()]));

it.each([
  [KEY],
  ['servers', KEY],
  ['tools', KEY],
  ['call', KEY],
  ['remove', KEY],
  ['auth', KEY],
  ['logs', KEY],
  ['prompt', KEY],
  ['connect', KEY],
  ['import', KEY],
  ['completion', KEY],
  ['secret', 'rm', KEY],
  ['key', 'revoke', `x${KEY}`],
  ['status', '--hub', KEY],
  ['status', '--port', KEY],
  ['status', `--${KEY}`],
  ['--port', KEY],
])('a key in a place for something else is quoted by its id alone: %s %s %s', async (...words) => {
  for (const more of [[], ['--json']]) {
    const { code, stdout, stderr } = await cli.run(...words.filter((word) => word !== undefined), ...more);
    expect({ code: code !== 0, leaks: `${stdout}${stderr}`.includes(SECRET), said: `${stdout}${stderr}` !== '' }).toEqual({
      code: true,
      leaks: false,
      said: true,
    });
  }
});

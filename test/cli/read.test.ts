import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandLine, type CommandLine } from '../support/command-line.ts';
import { serveManagement } from '../support/management-server.ts';

let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
afterAll(() => cli.remove());

async function readMissing(data: object): Promise<unknown> {
  const error = { code: -32602, message: 'Resource not found: a:b. List them with resources/list.', data };
  const hub = await serveManagement({ 'resources/read': { error } });
  try {
    await cli.list({ port: hub.port });
    return await cli.run('read', 'a:b');
  } finally {
    await hub.close();
  }
}

it('says in words of the command line that nobody has a resource, and a server in its own', async () => {
  const stderr = 'error: There is no resource "a:b". "mcp-hub servers <name>" lists those of a server.\n';
  expect(await readMissing({ code: 'RESOURCE_NOT_FOUND', uri: 'a:b' })).toEqual({ code: 3, stdout: '', stderr });
  expect(await readMissing({})).toMatchObject({ code: 3, stderr: expect.stringContaining('with resources/list.') });
});

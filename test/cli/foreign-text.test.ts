import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type ManagementServer, serveManagement } from '../support/management-server.ts';

/** Sequences that would paint over what stands on a terminal, ring, or set its title; also with single-character introducers. */
const EVIL = '\u001b[2J\u001b]0;title\u0007\u009b31m\u007f\b\u000d';

let cli: CommandLine;
let hub: ManagementServer;

beforeAll(async () => {
  const tool = {
    name: `tool${EVIL}`,
    description: `says${EVIL}`,
    inputSchema: { type: 'object', properties: { [`a${EVIL}`]: { description: EVIL } } },
  };
  const server = {
    name: `srv${EVIL}`,
    displayName: `srv${EVIL}`,
    description: EVIL,
    transportType: 'stdio',
    status: 'disconnected',
    error: `It said ${EVIL}`,
    capabilities: {
      tools: [tool],
      resources: [{ uri: `x://${EVIL}`, name: EVIL }],
      resourceTemplates: [],
      prompts: [{ name: `p${EVIL}` }],
    },
    uptime: 0,
    lastStarted: null,
    authorizationUrl: `https://x.org/${EVIL}`,
    config_source: `c.json${EVIL}`,
  };
  const health = { status: 'ok', state: `ready${EVIL}`, server_id: 'mcp-hub', version: '4.2.1', hubVersion: `4${EVIL}`, servers: [server] };
  [cli, hub] = await Promise.all([
    commandLine(),
    serveManagement({
      'GET /api/health': health,
      'GET /api/servers': { servers: [server] },
      'POST /api/servers/start': { status: 'ok', server },
      'GET /api/servers/srv/log': { lines: [{ timestamp: EVIL, text: EVIL }] },
    }),
  ]);
  await cli.list({ port: hub.port, config_files: [`c${EVIL}.json`] });
});
afterAll(() => Promise.all([cli.remove(), hub.close()]));

it.each([
  [['status']],
  [['status', '--all']],
  [['status', '--json']],
  [['servers']],
  [['servers', '--json']],
  [['servers', `srv${EVIL}`]],
  [['servers', 'unknown']],
  [['tools']],
  [['tools', '--json']],
  [['tools', '--server', `srv${EVIL}`]],
  [['start', 'srv']],
  [['doctor']],
  [['doctor', '--json']],
  [['call', `srv${EVIL}`]],
  [['__complete', 'start', '']],
  [['__complete', 'call', '']],
  [['__complete', 'read', '']],
])('%j prints nothing that a terminal would act upon', async (args) => {
  const { stdout, stderr } = await cli.run(...args);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(JSON.stringify((stdout + stderr).match(/[^\n]{0,30}[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g))).toBe('null');
});

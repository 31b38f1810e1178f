import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LegacyHttpFixture, startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, healthOf, type HubProcess, settled, startHub } from '../support/hub-process.ts';
import { sdk2 } from '../support/mcp-clients.ts';
import { eventually } from '../support/eventually.ts';

const TOKEN = 'tok-7f3a9c51e2';
const FILE_SECRET = 'from-the-env-file-88d1';

/** Writes what it was given to a file, complains with it on standard error, and ends. */
const WITNESS = `
const { writeFileSync } = require('node:fs');
writeFileSync('witness.json', JSON.stringify(process.argv.slice(2)));
process.stderr.write('cannot log in with ' + process.argv.slice(2).join(' ') + '\\n', () => process.exit(3));
`;

/** As VS Code writes the file: tabs, inputs below the servers, every server with its type. */
const mcpJson = (remoteUrl: string): string => `{
	"servers": {
		"local": {
			"type": "stdio",
			"command": ${JSON.stringify(process.execPath)},
			"args": [
				${JSON.stringify(fixtureServer('echo'))}
			],
			"env": {
				"API_KEY": "\${input:api-key}",
				"ROOT": "\${workspaceFolder}/src"
			},
			"envFile": "\${workspaceFolder}/.env"
		},
		"witness": {
			"type": "stdio",
			"command": "node",
			"args": [
				"\${workspaceFolder}/witness.cjs",
				"--token=\${input:api-key}"
			]
		},
		"remote": {
			"type": "http",
			"url": ${JSON.stringify(remoteUrl)},
			"headers": {
				"Authorization": "Bearer \${input:api-key}"
			}
		}
	},
	"inputs": [
		{
			"type": "promptString",
			"id": "api-key",
			"description": "API key of the example",
			"password": true
		}
	]
}
`;

let remote: LegacyHttpFixture;
let hub: HubProcess;

beforeAll(async () => {
  remote = await startLegacyHttp({ headers: { authorization: `Bearer ${TOKEN}` } });
  hub = await startHub({
    config: mcpJson(remote.url),
    configName: '.vscode/mcp.json',
    files: { '.env': `# kept out of git\nFILE_SECRET=${FILE_SECRET}\n`, 'witness.cjs': WITNESS },
    env: { MCP_HUB_ENV: JSON.stringify({ 'input:api-key': TOKEN, SHARED: 'for every server' }) },
    args: ['--verbose'],
  });
  await settled(hub);
});

afterAll(async () => {
  await endHubs();
  await remote.close();
});

/** A variable of the environment of the server `local`. */
async function peek(name: string): Promise<unknown> {
  const client = await sdk2.modern(hub.url);
  try {
    const { content } = await client.callTool({ name: 'local__env-peek', arguments: { name } });
    const [block] = content;
    return block?.type === 'text' ? JSON.parse(block.text) : block;
  } finally {
    await client.close();
  }
}

describe('.vscode/mcp.json, unchanged', () => {
  it('starts its local and its remote server', async () => {
    // One that cannot run is tried again now and then.
    await eventually(async () => {
      const { servers } = await healthOf(hub);
      const status = Object.fromEntries(servers.map((server) => [server.name, server.status]));
      expect(status).toEqual({ local: 'connected', remote: 'connected', witness: 'disconnected' });
    });
    expect(hub.stderr()).not.toContain('mcp.json:');
  });

  it('answers ${input:…} in env, args and headers from MCP_HUB_ENV', async () => {
    expect(await peek('API_KEY')).toBe(TOKEN);
    expect(JSON.parse(await readFile(join(hub.folder, 'witness.json'), 'utf8'))).toEqual([`--token=${TOKEN}`]);
    expect(remote.seen.at(-1)?.headers['authorization']).toBe(`Bearer ${TOKEN}`);
  });

  it('resolves ${workspaceFolder}, reads the envFile and adds what MCP_HUB_ENV has for all', async () => {
    expect(await peek('ROOT')).toBe(`${hub.folder}/src`);
    expect(await peek('FILE_SECRET')).toBe(FILE_SECRET);
    expect(await peek('SHARED')).toBe('for every server');
    expect(await peek('MCP_HUB_ENV')).toBeNull();
  });

  it('shows no secret: not on the terminal, in an answer of the API or in the log file', async () => {
    const health = JSON.stringify(await healthOf(hub));
    // What the failing server said is told, without the token that it said.
    expect(health).toContain('cannot log in with');
    await hub.stop();
    const logs = join(hub.folder, 'home/state/mcp-hub/logs');
    const files = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), 'utf8')));
    expect(files.join('')).toContain('cannot log in with');
    expect(hub.output()).toContain('cannot log in with');
    for (const text of [health, files.join(''), hub.output()]) {
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(FILE_SECRET);
    }
  });
});

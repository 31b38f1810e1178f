import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { routes } from '../../src/http/api/routes.ts';
import { type EventsReader, readEvents } from './event-readers.ts';
import { fixtureServer } from './fixtures.ts';
import { type HubProcess, settled, startHub } from './hub-process.ts';

/** Something that a page tries to reach: a path of the hub, and what it says there. */
export interface Target {
  readonly url: string;
  readonly body: object;
}

/** A hub with a server that keeps a diary, and somebody who reads its events. */
export interface AttackedHub {
  readonly hub: HubProcess;
  /** Everything about it that a page could want to change, but for what goes on by itself. */
  state(): Promise<object>;
  close(): void;
}

/** The file, in the hub's folder, that a command would make if it were run. */
const MADE = 'made-by-a-page';

export async function startAttackedHub(): Promise<AttackedHub> {
  const diary = { command: process.execPath, args: [fixtureServer('diary'), 'diary.txt'] };
  const hub = await startHub({ config: { mcpServers: { diary, off: { ...diary, disabled: true } } } });
  await settled(hub);
  const events = await readEvents(hub.origin);
  return { hub, state: () => stateOf(hub, events), close: () => events.cut() };
}

/** Every path of the REST routes and every other one that the hub serves, with a body that each of them takes. */
export function targetsOf(origin: string): readonly Target[] {
  const names = ['diary', 'off'];
  const inApi = routes.flatMap(({ path }) => (path.includes(':') ? names.map((name) => path.replace(':name', name)) : [path]));
  const others = ['/', '/mcp', '/mcp/diary', '/sse', '/messages?sessionId=1', '/api', '/.well-known/oauth-protected-resource'];
  const callback = '/api/oauth/callback';
  const paths = [...new Set([...inApi, ...others])].map((path) => (path === callback ? `${callback}?code=a&state=b` : path));
  return paths.map((path) => ({ url: origin + path, body: path.startsWith('/mcp') || path.startsWith('/messages') ? CALL : BODY }));
}

/** One body for all routes: each takes what it knows of it. */
const BODY = {
  server_name: 'diary',
  tool: 'echo',
  prompt: 'greet',
  uri: 'test://greeting',
  arguments: { text: 'from a page' },
  name: 'planted',
  config: { command: 'touch', args: [MADE] },
  disabled: true,
  mcpId: 'time',
  url: 'http://localhost/api/oauth/callback?code=a&state=b',
};

const CALL = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'page', version: '1' } },
};

async function stateOf({ folder, origin, process }: HubProcess, events: EventsReader): Promise<object> {
  const read = async (path: string): Promise<string> => (await fetch(origin + path)).text();
  const files = await readdir(folder, { recursive: true });
  return {
    exit: process.exitCode,
    config: await readFile(join(folder, 'mcp-servers.json'), 'utf8'),
    diary: await readFile(join(folder, 'diary.txt'), 'utf8'),
    // The hub remembers its own code there, when it comes to it.
    files: files.filter((name) => !name.includes('/cache')).toSorted(),
    health: steady(await read('/api/health')),
    workspaces: await read('/api/workspaces').then(steady),
    entry: steady(await read('/api/servers/diary/config')),
    stderr: steady(await read('/api/servers/diary/log')),
    events: events.blocks.filter(({ event }) => event !== 'heartbeat').length,
  };
}

/** An answer without what changes by itself. */
function steady(text: string): object {
  return JSON.parse(text, (key, value) => (['timestamp', 'uptime', 'lastEventAt'].includes(key) ? undefined : value));
}

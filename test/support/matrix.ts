import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type Era, isCacheable, isObject, type JsonObject, metaKey } from '../../src/protocol/index.ts';
import { at, CLIENT_ERAS, SERVERS } from './era-pairs.ts';
import { type RunningHub, runHub } from './in-process-hub.ts';
import { httpRecorder, stdioRecorder } from './recorder.ts';
import { type Reply, WireClient } from './wire-client.ts';
import { HttpWire, StdioServer, type Wire } from './wires.ts';

/** The rows of the matrix; docs/protocol.md has the same ones in its table of pairs. */
export const FEATURES = [
  'elicitation, form',
  'elicitation, URL',
  'sampling',
  'sampling with tools',
  'roots',
  'progress',
  'cancel',
  'log',
  'completion',
  'subscribe',
  'list_changed',
  'instructions',
  'unknown _meta',
  'unknown result fields',
  'structured content',
] as const;
export type Feature = (typeof FEATURES)[number];

/** Everything that a client can declare to be able to do. */
export const ABLE: JsonObject = { sampling: { tools: {}, context: {} }, elicitation: { form: {}, url: {} }, roots: {} };

interface ClientOptions {
  readonly capabilities?: JsonObject;
  readonly reply?: Reply;
}

/** Talks to one server, through the hub or to it alone; `own` is what an item is called there. */
type Script<T> = (client: WireClient, own: (item: string) => string) => Promise<T>;

/** One client era, one server and one endpoint, which make one place in the matrix. */
export interface Cell {
  readonly clientEra: Era;
  readonly name: string;
  readonly era: Era;
  readonly transport: 'stdio' | 'http';
  readonly path: string;
  /** A URI of the server's. */
  uri(rest: string): string;
  own(item: string): string;
  /** A client of the cell's era at the hub. Closed after the test. */
  viaHub(options?: ClientOptions): Promise<WireClient>;
  /** A client of the server's era that talks to a server of the same kind with nothing between; on stdio one at a time. */
  direct(options?: ClientOptions): Promise<WireClient>;
  /** Runs one script both ways. */
  both<T>(script: Script<T>, options?: ClientOptions): Promise<{ viaHub: T; direct: T }>;
  /** What reached the server behind the hub under a method, asked of the server itself. */
  recorded(method: string): Promise<readonly JsonObject[]>;
  /** The result of a server as docs/protocol.md says that this client gets it. */
  asDocumented(result: unknown, method: string): unknown;
}

/** The hub's own `serverInfo`, which it stamps on what a legacy server says to a modern client. */
const HUB_INFO = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0-test' };

/** Starts a hub over all four kinds of server for the tests of one file; the function tests one row of the matrix in every place. */
export function openMatrix(): (feature: Feature, define: (cell: Cell) => void) => void {
  let running: Running | undefined;
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    running = await start();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  afterAll(() => running?.stop());
  const now = (): Running => {
    if (!running) throw new Error('The hub is not running');
    return running;
  };
  return (feature, define) => {
    describe.each(CLIENT_ERAS)(`${feature}: a %s client`, (clientEra) => {
      describe.each(SERVERS)('and the $era server over $transport', (server) => {
        describe.each(['/mcp', `/mcp/${server.name}`])('at %s', (path) => {
          define(cellOf({ clientEra, ...server, path }, now, closing));
        });
      });
    });
  };
}

type Place = Pick<Cell, 'clientEra' | 'name' | 'era' | 'transport' | 'path'>;

function cellOf(place: Place, running: () => Running, closing: (() => Promise<void>)[]): Cell {
  const { clientEra, era, name, path } = place;
  const connect = async (wire: Wire, options: ClientOptions & { era: Era }): Promise<WireClient> => {
    const client = await WireClient.connect(wire, { capabilities: ABLE, ...options });
    closing.push(() => client.close());
    return client;
  };
  const own = (item: string): string => (path === '/mcp' ? `${name}__${item}` : item);
  const viaHub: Cell['viaHub'] = (options) => connect(new HttpWire(running().hub.origin + path, clientEra), { ...options, era: clientEra });
  const direct: Cell['direct'] = (options) => connect(running().wireTo(place), { ...options, era });
  return {
    ...place,
    own,
    uri: (rest) => `test://${name}/${rest}`,
    viaHub,
    direct,
    async both(script, options) {
      const straight = await script(await direct(options), (item) => item);
      return { viaHub: await script(await viaHub(options), own), direct: straight };
    },
    async recorded(method) {
      const asking = await WireClient.connect(new HttpWire(`${running().hub.origin}/mcp/${name}`, 'modern'), { era: 'modern' });
      const { response } = await asking.call('tools/call', { name: 'recorded', arguments: { method } });
      return at(response, 'result', 'structuredContent', 'seen') as JsonObject[];
    },
    asDocumented: (result, method) => documented(result, method, place),
  };
}

function documented(result: unknown, method: string, { clientEra, era }: Place): unknown {
  if (!isObject(result) || clientEra === era) return result;
  if (clientEra === 'modern') {
    const hints = isCacheable(method) ? { ttlMs: 0, cacheScope: 'private' } : {};
    const meta = { [metaKey.serverInfo]: HUB_INFO, ...(result['_meta'] as JsonObject | undefined) };
    return { ...result, resultType: 'complete', ...hints, _meta: meta };
  }
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = result;
  const { structuredContent } = rest;
  if (method !== 'tools/call' || structuredContent === undefined || isObject(structuredContent)) return rest;
  return { ...rest, structuredContent: { result: structuredContent } };
}

interface Running {
  readonly hub: RunningHub;
  wireTo(place: Place): Wire;
  stop(): Promise<void>;
}

/**
 * Calls once, while nobody else does, what asks its client something: on stdio, such a question at a bad moment is refused the
 * first time (docs/protocol.md, "Whose question it is"), and the tests leave calls behind that were taken back.
 */
async function letHubLearn(url: string): Promise<void> {
  const client = await WireClient.connect(new HttpWire(url, 'legacy'), { era: 'legacy', capabilities: ABLE });
  const rounds = [{ q: { method: 'roots/list' } }];
  await client.call('tools/call', { name: 'asks', arguments: { rounds } });
  await client.call('prompts/get', { name: 'asks_first', arguments: { rounds: JSON.stringify(rounds) } });
  await client.call('resources/read', { uri: 'test://legacystdio/asks' });
  await client.close();
}

async function start(): Promise<Running> {
  const both = () => Promise.all([httpRecorder('legacyhttp', 'legacy'), httpRecorder('modernhttp', 'modern')]);
  const [[legacyHttp, modernHttp], alone] = await Promise.all([both(), both()]);
  const stdio = {
    legacy: new StdioServer(stdioRecorder('legacystdio', 'legacy')),
    modern: new StdioServer(stdioRecorder('modernstdio', 'modern')),
  };
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-matrix-'));
  const hub = await runHub({
    mcpServers: {
      // Calls that ask travel on processes of their own when there are several clients; what is recorded is of all of them.
      legacystdio: { ...stdioRecorder('legacystdio', 'legacy'), env: { RECORD_TO: join(folder, 'seen.jsonl') } },
      legacyhttp: legacyHttp.entry,
      modernstdio: stdioRecorder('modernstdio', 'modern'),
      modernhttp: modernHttp.entry,
    },
  });
  // The first list waits for servers that are still starting; a client that connects after it finds everything.
  await (await WireClient.connect(new HttpWire(hub.url, 'modern'), { era: 'modern' })).call('tools/list');
  await letHubLearn(`${hub.url}/legacystdio`);
  return {
    hub,
    wireTo({ era, transport }) {
      if (transport === 'stdio') return stdio[era].wire();
      return new HttpWire(alone[era === 'legacy' ? 0 : 1].entry.url, era);
    },
    async stop() {
      await hub.stop();
      await rm(folder, { recursive: true });
      await Promise.all([legacyHttp, modernHttp, ...alone, stdio.legacy, stdio.modern].map((server) => server.stop()));
    },
  };
}

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Era, isObject, type JsonObject } from '../../src/protocol/index.ts';
import { type RunningHub, runHub } from './in-process-hub.ts';
import { RawClient } from './raw-client.ts';
import { httpRecorder, stdioRecorder } from './recorder.ts';

export const CLIENT_ERAS = ['legacy', 'modern'] as const;

/** The four kinds of upstream; the names of the servers say which they are. */
export const SERVERS = [
  { name: 'legacystdio', era: 'legacy', transport: 'stdio' },
  { name: 'legacyhttp', era: 'legacy', transport: 'http' },
  { name: 'modernstdio', era: 'modern', transport: 'stdio' },
  { name: 'modernhttp', era: 'modern', transport: 'http' },
] as const;

/** A message that reached a server. */
interface Recorded {
  readonly id?: string | number;
  readonly params: JsonObject;
}

/** What stands at a path inside JSON; `undefined` when there is no such place. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/** A hub over all four kinds of upstream, with clients of both eras on every endpoint. */
export interface Pairs {
  readonly hub: RunningHub;
  client(era: Era, path: string): Client;
  raw(era: Era, path: string): RawClient;
  /** One more raw client, for the caller to close. */
  openRaw(era: Era, path: string): Promise<RawClient>;
  /** What reached a server under a method, asked of the server itself. */
  recorded(server: string, method: string): Promise<Recorded[]>;
  stop(): Promise<void>;
}

/** An SDK client of one era. */
export async function connectClient(url: string, era: Era): Promise<{ client: Client; close(): Promise<void> }> {
  const mode = era === 'legacy' ? ('legacy' as const) : { pin: '2026-07-28' };
  const client = new Client({ name: 'pairs', version: '1' }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(transport);
  return {
    client,
    async close() {
      if (era === 'legacy') await transport.terminateSession();
      await client.close();
    },
  };
}

export async function startPairs(): Promise<Pairs> {
  const [legacyHttp, modernHttp] = await Promise.all([httpRecorder('legacyhttp', 'legacy'), httpRecorder('modernhttp', 'modern')]);
  const hub = await runHub({
    mcpServers: {
      legacystdio: stdioRecorder('legacystdio', 'legacy'),
      legacyhttp: legacyHttp.entry,
      modernstdio: stdioRecorder('modernstdio', 'modern'),
      modernhttp: modernHttp.entry,
    },
  });
  // The first list waits for servers that are still starting; a client that connects after it finds everything.
  await (await RawClient.connect(hub.url, 'modern')).request('tools/list');
  const clients = new Map<string, Client>();
  const raws = new Map<string, RawClient>();
  const closing: (() => Promise<void>)[] = [() => hub.stop(), () => legacyHttp.stop(), () => modernHttp.stop()];
  for (const era of CLIENT_ERAS) {
    for (const path of ['/mcp', ...SERVERS.map(({ name }) => `/mcp/${name}`)]) {
      const { client, close } = await connectClient(hub.origin + path, era);
      const raw = await RawClient.connect(hub.origin + path, era);
      clients.set(era + path, client);
      raws.set(era + path, raw);
      closing.unshift(close, () => raw.close());
    }
  }
  const client: Pairs['client'] = (era, path) => known(clients, era + path);
  const ask = async (server: string, name: string, args: object): Promise<Record<string, unknown>> => {
    const result = await client('modern', `/mcp/${server}`).callTool({ name, arguments: { ...args } });
    return result.structuredContent as Record<string, unknown>;
  };
  return {
    hub,
    client,
    raw: (era, path) => known(raws, era + path),
    openRaw: (era, path) => RawClient.connect(hub.origin + path, era),
    recorded: async (server, method) => (await ask(server, 'recorded', { method }))['seen'] as Recorded[],
    async stop() {
      for (const close of closing) await close();
    },
  };
}

function known<T>(map: ReadonlyMap<string, T>, key: string): T {
  const found = map.get(key);
  if (!found) throw new Error(`Nothing connected for ${key}`);
  return found;
}

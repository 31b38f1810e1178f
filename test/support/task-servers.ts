import { type JsonObject, metaKey } from '../../src/protocol/index.ts';
import { at } from './era-pairs.ts';
import { type RunningHub, runHub } from './in-process-hub.ts';
import { RawClient } from './raw-client.ts';
import { httpRecorder, stdioRecorder } from './recorder.ts';

/** Servers with tasks and apps; the name says the era and the way there. `m:http` needs its id escaped. */
export const MODERN_SERVERS = ['m:http', 'mstdio'] as const;
export const LEGACY_SERVERS = ['lhttp', 'lstdio'] as const;

const capabilities = (extensions: JsonObject): JsonObject => ({ [metaKey.clientCapabilities]: { elicitation: {}, extensions } });
/** `_meta` of a request of a client with the tasks extension. */
export const DECLARED = capabilities({ 'io.modelcontextprotocol/tasks': {} });
/** The same with an extension that the hub does not know. */
export const DECLARED_OTHER = capabilities({ 'example.org/own': {} });

export interface TaskHub {
  readonly hub: RunningHub;
  /** The URL of an endpoint: of all servers, or of one. */
  url(server?: string): string;
  /** What reached a server under a method. */
  recorded(server: string, method: string): Promise<JsonObject[]>;
  stop(): Promise<void>;
}

export async function startTaskHub(): Promise<TaskHub> {
  const remote = await Promise.all([httpRecorder('m:http', 'modern', 'tasks'), httpRecorder('lhttp', 'legacy', 'tasks')]);
  const hub = await runHub({
    mcpServers: {
      'm:http': remote[0].entry,
      mstdio: stdioRecorder('mstdio', 'modern', 'tasks'),
      lhttp: remote[1].entry,
      lstdio: stdioRecorder('lstdio', 'legacy', 'tasks'),
    },
  });
  const url = (server?: string): string => (server === undefined ? hub.url : `${hub.url}/${encodeURIComponent(server)}`);
  const first = await RawClient.connect(hub.url, 'modern');
  await first.request('tools/list');
  return {
    hub,
    url,
    async recorded(server, method) {
      const client = await RawClient.connect(url(server), 'modern');
      const { response } = await client.request('tools/call', { name: 'recorded', arguments: { method } });
      return at(response, 'result', 'structuredContent', 'seen') as JsonObject[];
    },
    async stop() {
      await hub.stop();
      await Promise.all(remote.map((server) => server.stop()));
    },
  };
}

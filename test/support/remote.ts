import { createLogger, type LogRecord, REDACTED, Secret, systemClock } from '../../src/base/index.ts';
import type { Listing } from '../../src/catalog/index.ts';
import type { NotificationMessage } from '../../src/protocol/index.ts';
import { type Connection, lateConnector, type Launch, type RemoteLaunch, type UpstreamRequest } from '../../src/upstream/index.ts';
import type { ConnectOptions } from '../../src/upstream/connection/connect.ts';

const connect = lateConnector('9.9.9');

export function remoteLaunch(
  url: string,
  overrides: { headers?: Record<string, string>; transport?: RemoteLaunch['transport'] } = {},
): RemoteLaunch {
  const headers = overrides.headers ?? {};
  return {
    kind: 'remote',
    url: new Secret(url),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new Secret(value)])),
    transport: overrides.transport ?? 'auto',
    label: 'https://${env:HOST}/mcp',
    redact: (text) => [url, ...Object.values(headers)].reduce((rest, value) => rest.replaceAll(value, REDACTED), text),
  };
}

/** A connection with everything that it told. */
export interface Recorded {
  readonly connection: Connection;
  readonly listings: Listing[];
  readonly updated: string[];
  readonly logs: NotificationMessage[];
  readonly closed: string[];
  readonly forSessions: { readonly sessionId: string; readonly notification: NotificationMessage }[];
  /** The methods of calls that may have made the server ask. */
  readonly asked: string[];
  readonly records: LogRecord[];
}

export async function connectTo(launch: Launch, overrides: Partial<ConnectOptions> = {}): Promise<Recorded> {
  const recorded = { listings: [], updated: [], logs: [], closed: [], forSessions: [], asked: [], records: [] } as Omit<
    Recorded,
    'connection'
  >;
  const connection = await connect(launch, {
    id: 'srv',
    signal: AbortSignal.timeout(8_000),
    clock: systemClock,
    logger: createLogger([(record) => void recorded.records.push(record)]),
    requestTimeoutMs: () => 5_000,
    initTimeoutMs: 8_000,
    on: {
      listing: (listing) => void recorded.listings.push(listing),
      resourceUpdated: ({ uri }) => void recorded.updated.push(uri),
      taskChanged: () => undefined,
      degraded: () => undefined,
      listFailed: () => undefined,
      logMessage: (message) => void recorded.logs.push(message),
      asked: ({ method }) => void recorded.asked.push(method),
      forSession: (event) => void recorded.forSessions.push(event),
      closed: (error) => void recorded.closed.push(error.code),
    },
    createStdioTransport: () => {
      throw new Error('not a stdio server');
    },
    stderrText: () => '',
    ...overrides,
  });
  return { connection, ...recorded };
}

/** A `tools/call` as a legacy client makes it. */
export function toolCall(name: string, overrides: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'tools/call',
    params: { name },
    origin: { principalId: 'local', era: 'legacy' },
    signal: new AbortController().signal,
    ...overrides,
  };
}

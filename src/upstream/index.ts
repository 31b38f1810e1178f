export { connector } from './connector.ts';
export { LEVEL_OF_THE_SILENT } from './legacy-log-level.ts';
export { type Launch, type RemoteLaunch, resolveLaunch, type StdioLaunch } from './launch.ts';
export { Pool } from './pool.ts';
export type { SendOptions, Transport, TransportEvents } from './transport.ts';
export type { Connection, LogLine, Origin, PoolEvents, Upstream, UpstreamAnswer, UpstreamRequest, UpstreamState } from './types.ts';

export type { Launch, RemoteLaunch, StdioLaunch } from './launch.ts';
export { Pool } from './pool.ts';
export type { SendOptions, Transport, TransportEvents } from './transport.ts';
export type {
  Connection,
  ConnectionEvents,
  LogLine,
  Origin,
  PoolEvents,
  Upstream,
  UpstreamAnswer,
  UpstreamRequest,
  UpstreamState,
} from './types.ts';

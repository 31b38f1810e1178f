export { type Launch, type LaunchContext, type RemoteLaunch, resolveLaunch, type StdioLaunch } from './launch.ts';
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

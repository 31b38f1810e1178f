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

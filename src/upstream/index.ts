export { connector } from './connector.ts';
export { type LaunchContext, resolveLaunch } from './launch.ts';
export { Pool } from './pool.ts';
export type { LogLine, PoolEvents, Upstream, UpstreamAnswer, UpstreamRequest, UpstreamState } from './types.ts';

export { lateConnector } from './connection/load-connector.ts';
export type { Supervision } from './history.ts';
export { LEVEL_OF_THE_SILENT } from './connection/legacy-log-level.ts';
export { type Launch, type LaunchContext, type RemoteLaunch, resolveLaunch, type StdioLaunch } from './launch.ts';
export { OfferFiles } from './offers/offer-files.ts';
export { hasLoginsOfEach, loginOwner } from './oauth/login-owner.ts';
export { Logins } from './oauth/logins.ts';
export { Pool } from './pool.ts';
export type { MembersChange, PoolEvents } from './pool-events.ts';
export type { SendOptions, Transport, TransportEvents } from './connection/transport.ts';
export type {
  AskClient,
  Connection,
  LogLine,
  Origin,
  RefusedResources,
  ReplicaFacts,
  RootsSource,
  Upstream,
  UpstreamAnswer,
  UpstreamRequest,
  UpstreamState,
} from './types.ts';

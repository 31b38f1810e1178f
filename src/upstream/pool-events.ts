import type { Listing } from '../catalog/index.ts';
import type { NotificationMessage } from '../protocol/index.ts';
import type { UpstreamState } from './types.ts';

/** What became of the upstreams, by id. */
export interface MembersChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Those that stay and have a definition that says something else. */
  readonly changed: readonly string[];
}

/** Facts about all upstreams. */
export interface PoolEvents {
  /** The set of upstreams, their order or their definitions are others now. Told before any of the new ones is started. */
  members: MembersChange;
  state: { readonly id: string; readonly state: UpstreamState };
  listing: { readonly id: string; readonly listing: Listing | undefined };
  resourceUpdated: { readonly id: string; readonly uri: string; readonly notification: NotificationMessage };
  taskChanged: { readonly id: string; readonly taskId: string; readonly notification: NotificationMessage };
  /** With a `principalId` it is that principal's alone. */
  logMessage: { readonly id: string; readonly notification: NotificationMessage; readonly principalId?: string };
  /** {@link Upstream.degraded} of one that is connected begins or ends to say something. */
  degraded: { readonly id: string };
  forSession: { readonly id: string; readonly sessionId: string; readonly notification: NotificationMessage };
}

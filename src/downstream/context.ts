import { type Clock, HUB_OWNER, type Logger } from '../base/index.ts';
import type { Gateway, Principal } from '../gateway/index.ts';
import type { JsonObject } from '../protocol/index.ts';
import type { Calls } from './calls.ts';

/** Limits that the configuration sets; read anew for every use, because a reload may change them. */
export interface DownstreamLimits {
  /** Largest accepted request body, in bytes. */
  readonly maxBodyBytes: number;
  /** How long an unused legacy session is kept, in milliseconds. */
  readonly sessionIdleTimeoutMs: number;
  /** Most legacy sessions kept at once. */
  readonly maxSessions: number;
  /** How long calls in flight may go on when the hub stops, in milliseconds. */
  readonly shutdownTimeoutMs: number;
}

/** What every adapter of this room stands on. */
export interface Context {
  readonly gateway: Gateway;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The hub's own `Implementation`: name and version. */
  readonly serverInfo: JsonObject;
  readonly limits: () => DownstreamLimits;
}

/** Everybody, where the hub does not ask for a key; and the person who runs it. */
export const LOCAL_PRINCIPAL: Principal = { id: HUB_OWNER };

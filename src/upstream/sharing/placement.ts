import type { Origin } from '../types.ts';

/** How the clients of one server share its connections: the field `isolation` of its entry in the config. */
export type Isolation = 'auto' | 'shared' | 'session';

/**
 * Where a call travels: on the connection that all clients share, on the one of its session, or on a spare one that it has
 * for itself as long as it runs.
 */
export type Place = 'main' | 'own' | 'spare';

/** All that the place of one call depends on. */
export interface Situation {
  readonly isolation: Isolation;
  /** Whether the call is one of a session. One of the modern era is a client of its own and never comes back. */
  readonly inSession: boolean;
  /** Whether the session has had a connection of its own already. */
  readonly hasOwn: boolean;
  /** Whether the called tool is known to make the server ask its client something, without saying for which call. */
  readonly asks: boolean;
  readonly main: {
    /** Whether a call of another client is in flight there, or was taken back so lately that the server may still work on it. */
    readonly othersInFlight: boolean;
    /** Whether another session that still lives has used it, and so may use it again at any time. */
    readonly othersReside: boolean;
    /** Whether this session has used it. */
    readonly resides: boolean;
    /** Whether a call of another client that is known to ask is in flight there. */
    readonly othersAsking: boolean;
  };
}

/**
 * Decides where a call to a legacy server travels, so that every question of the server can be led to the client that it is
 * meant for. A question can be, as long as all calls in flight on its connection are of one client.
 *
 * - `shared`: on the main connection, whatever happens.
 * - `session`: never there. A session has a connection of its own, a modern call takes a spare one.
 * - `auto`: there as long as that is unambiguous.
 *   1. A session that has a connection of its own stays on it, so that a server with a memory sees one client throughout.
 *   2. A call that asks goes to the main connection only when nobody else's call is in flight there and no other session
 *      lives that has used it; otherwise apart from all others.
 *   3. Any other call goes to the main connection, except while somebody else's call that asks is in flight there: then
 *      only sessions that have used it before may go on using it. By rule 2 there are none, unless the call
 *      was found out to ask on its way.
 */
export function placeOf({ isolation, inSession, hasOwn, asks, main }: Situation): Place {
  const apart = inSession ? 'own' : 'spare';
  if (isolation === 'shared') return 'main';
  if (isolation === 'session') return apart;
  if (hasOwn) return 'own';
  if (asks) return main.othersInFlight || main.othersReside ? apart : 'main';
  return main.othersAsking && !main.resides ? apart : 'main';
}

/** What tells one client from another; `undefined` for a modern call, which is a client of its own. */
export function clientOf({ principalId, sessionId }: Origin): string | undefined {
  return sessionId === undefined ? undefined : `${sessionId} ${principalId}`;
}

/** Whether a client is the one of that session. */
export function isOfSession(client: string, sessionId: string): boolean {
  return client.startsWith(`${sessionId} `);
}

import type { Clock, Logger } from '../../base/index.ts';
import type { Listing } from '../../catalog/index.ts';
import type { Era, JsonObject } from '../../protocol/index.ts';
import type { ClientHeaders } from '../forwarded-headers.ts';
import type { Launch, StdioLaunch } from '../launch.ts';
import type { Transport } from './transport.ts';
import type { Connection, ConnectionEvents } from '../types.ts';

/** Where a connection tells its facts: one function per event of {@link ConnectionEvents}. They never throw. */
export type ConnectionListener = { readonly [K in keyof ConnectionEvents]: (event: ConnectionEvents[K]) => void };

/** All that making a connection needs from its supervisor. */
export interface ConnectOptions {
  /** The server's name, for messages. */
  readonly id: string;
  /**
   * Gives up: the start took longer than `initTimeout`, or the server is stopped. Its reason is the HubError to reject
   * with. It concerns the making of the connection only; a connection that stands is ended by {@link Connection.close}.
   */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For requests that bring no time limit of their own, in milliseconds; asked for each. */
  readonly requestTimeoutMs: () => number;
  /** The longest silence before a legacy server is asked by `ping` whether it is there, in milliseconds; absent or 0 for never asking. */
  readonly pingIntervalMs?: number | undefined;
  /** Time for the whole start, in milliseconds. `signal` enforces it; this is for sharing it out (era probe, handshake). */
  readonly initTimeoutMs: number;
  /** The era of the last connection to the same server: the probe may be left out. Absent on the first start, or when that is long ago. */
  readonly knownEra?: Era;
  /** How long a stdio server may be silent after the era probe, when it once answered later than others; in milliseconds. */
  readonly probeMs?: number;
  /** Told of an answer to the probe that came too late for this connection; it is of use for the next one. */
  readonly onLateProbe?: (era: Era, tookMs: number) => void;
  /** The lists, when they need not be fetched and watched because another connection to the same server does that. */
  readonly listing?: Listing | undefined;
  /** What this very server offered before; asked when a list cannot be had, which stays like that then. */
  readonly former?: (() => Listing | undefined) | undefined;
  /** Of the one client that the connection is for: what of them is handed on goes with all that is sent on it. */
  readonly clientHeaders?: ClientHeaders | undefined;
  /** What a legacy server is told when it asks for roots outside of any call. Default: none. */
  readonly roots?: (() => Promise<readonly JsonObject[]>) | undefined;
  /**
   * May be called from the moment the connection is made, also before the promise of {@link Connect} has been looked at.
   * Nothing is told of an attempt that fails: the rejection is all there is.
   */
  readonly on: ConnectionListener;
  /**
   * A new, unopened transport to a new process of `launch`. Every call is another process, so that a server that exits on
   * the era probe can be started again and initialized at once; a transport that is given up is closed before the next one
   * is made. The supervisor keeps standard error and counts noise of the newest one, and closes what is left open after a
   * failed attempt.
   */
  readonly createStdioTransport: (launch: StdioLaunch) => Transport;
  /**
   * The last lines on standard error for the end of an error message, redacted, e.g. ` Its last output was: …`; empty when
   * there are none. Not needed with UPSTREAM_EXITED (the transport has put it there) nor for `signal`'s reason.
   */
  readonly stderrText: () => string;
}

/**
 * Makes one connection: opens transports as it needs, settles the era, does the handshake and fetches the first listing
 * (every page of every list).
 *
 * @throws HubError UNAUTHORIZED (no retry before a login), UPSTREAM_EXITED, CONNECTION_ERROR, UPSTREAM_PROTOCOL, TIMEOUT,
 * or the signal's reason. Nothing that it opened is left open.
 */
export type Connect = (launch: Launch, options: ConnectOptions) => Promise<Connection>;

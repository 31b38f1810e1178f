import { type Clock, deferred, type Disposable, HubError, isHubError, toHubError, withDeadline } from '../../base/index.ts';
import type { Listing } from '../../catalog/index.ts';
import type { NotificationMessage } from '../../protocol/index.ts';
import { Incarnation, type StartableDefinition, type UpstreamParts } from '../incarnation.ts';
import { provablyNotRun } from '../not-run.ts';
import type { Connection, ConnectionEvents, RootsSource, UpstreamAnswer, UpstreamRequest } from '../types.ts';
import { Sharing } from './sharing.ts';
import { IDLE_MS } from './side-connections.ts';

export interface PersonalLinkOptions {
  /** The server's name, for messages. */
  readonly id: string;
  /** As it is now. */
  readonly definition: () => StartableDefinition;
  /** Those that make connections with the login of this principal and no other. */
  readonly parts: UpstreamParts;
  /** What the server is known to offer: to everybody the same. */
  readonly listing: Listing | undefined;
  readonly logLevel: string | undefined;
  /** The roots of one session, or of all of this principal. */
  readonly roots: RootsSource;
  readonly logMessage: (notification: NotificationMessage) => void;
  readonly forSession: (event: ConnectionEvents['forSession']) => void;
  /** Told once, when it takes nothing new any more: its login or its connection is lost, or nobody used it for a while. */
  readonly left: () => void;
}

/**
 * The connections of one principal to a server where each has a login of its own: one that its clients share, and beside it those
 * of single sessions or calls, as the owner of the hub has them. Made with the first call, ended when it was idle for a while.
 */
export class PersonalLink {
  readonly #options: PersonalLinkOptions;
  readonly #clock: Clock;
  readonly #sharing: Sharing;
  #logLevel: string | undefined;
  #life: Incarnation | undefined;
  #opening: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  /** Calls on their way, those that wait for the connection included. */
  #users = 0;
  #idle: { readonly sinceMs: number; readonly timer: Disposable } | undefined;
  #hasLeft = false;
  #ending: Promise<void> | undefined;
  readonly #over = deferred<void>();

  constructor(options: PersonalLinkOptions) {
    this.#options = options;
    this.#clock = options.parts.clock;
    this.#logLevel = options.logLevel;
    this.#sharing = new Sharing(options);
    this.#sharing.setRootsSource(options.roots);
  }

  /** Since when nobody uses it, in milliseconds since the epoch; `undefined` while somebody does. */
  get idleSinceMs(): number | undefined {
    return this.#idle?.sinceMs;
  }

  /** Resolves when all of it is gone. */
  get gone(): Promise<void> {
    return this.#over.promise;
  }

  /** Whether it had its connection once: a call that found it lost may be made again on a new one. */
  get wasOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** @throws HubError as {@link Sharing.request}, or of the start of the connection */
  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    this.#users += 1;
    this.#idle?.timer.dispose();
    this.#idle = undefined;
    try {
      const connection = await this.#opened(request);
      return await this.#sharing.request(connection, request);
    } catch (error) {
      if (isLost(error)) this.retire();
      throw error;
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#rest();
    }
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    this.#sharing.notify(notification, sessionId);
  }

  rootsChanged(sessionId: string): void {
    if (!this.#connection) return;
    this.#sharing.rootsChanged(sessionId);
    this.#sharing.rootsChanged(undefined);
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    this.#logLevel = level;
    // As on the connections of sessions: one that cannot be told shows that with its next request.
    await Promise.all([this.#connection?.setLogLevel(level).catch(() => undefined), this.#sharing.setLogLevel(level)]);
  }

  endSession(sessionId: string): void {
    this.#sharing.endSession(sessionId);
  }

  /** Whether that client goes on a connection of its own. */
  isApart(client: string): boolean {
    return this.#sharing.isApart(client);
  }

  /** Takes nothing new any more, and ends with its last call. */
  retire(): void {
    this.#leave();
    if (this.#users === 0) void this.end(this.#error('The login or the connection of this caller was lost.'));
  }

  /** Ends it; resolves when it is gone. Idempotent, never rejects. */
  end(reason: HubError): Promise<void> {
    this.#leave();
    this.#ending ??= Promise.all([this.#sharing.end(reason), this.#life?.end(reason)]).then(() => this.#over.resolve());
    return this.#ending;
  }

  #leave(): void {
    this.#idle?.timer.dispose();
    this.#idle = undefined;
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#options.left();
  }

  #rest(): void {
    if (this.#hasLeft) return void this.end(this.#error('The login or the connection of this caller was lost.'));
    const timer = this.#clock.after(IDLE_MS, () => void this.end(this.#error('It was not used any more.')));
    this.#idle = { sinceMs: this.#clock.now(), timer };
  }

  async #opened({ signal, timeoutMs = this.#options.definition().requestTimeoutMs }: UpstreamRequest): Promise<Connection> {
    this.#opening ??= this.#open();
    // Whoever waits for it hears of its failure, if anybody still does.
    this.#opening.catch(() => undefined);
    const onTimeout = (): HubError => this.#error(`The connection of this caller was not ready within ${timeoutMs} ms.`, 'TIMEOUT');
    try {
      return await withDeadline(this.#opening, { clock: this.#clock, timeoutMs, signal, onTimeout });
    } catch (error) {
      if (!signal.aborted || isHubError(error)) throw error;
      throw this.#error('The request was taken back.', 'CANCELLED');
    }
  }

  async #open(): Promise<Connection> {
    const { definition, parts, listing, roots, logMessage, forSession } = this.#options;
    const life = new Incarnation({
      definition: definition(),
      requestTimeoutMs: () => definition().requestTimeoutMs,
      parts,
      // The same server as that of the owner's connection, which fetches its lists and listens to their changes.
      knownEra: listing?.identity.era,
      listing,
      roots: () => roots(undefined),
      on: {
        listing: () => {},
        listFailed: () => {},
        resourceUpdated: () => {},
        taskChanged: () => {},
        degraded: () => {},
        logMessage,
        asked: (called) => this.#sharing.asked(called),
        forSession,
        closed: (error) => void this.end(error),
      },
    });
    this.#life = life;
    try {
      const connection = await life.open();
      if (this.#ending) throw this.#error('The connection of this caller was ended.');
      this.#connection = connection;
      this.#sharing.open(definition, connection);
      // It may be another one than when this began.
      if (this.#logLevel !== undefined) await this.setLogLevel(this.#logLevel);
      return connection;
    } catch (thrown) {
      const error = toHubError(thrown, 'CONNECTION_ERROR');
      void this.end(error);
      throw error;
    }
  }

  #error(problem: string, code: 'TIMEOUT' | 'CANCELLED' | 'CONNECTION_ERROR' = 'CONNECTION_ERROR'): HubError {
    const { id } = this.#options;
    return new HubError(code, `Server "${id}": ${problem}`, { details: { server: id } });
  }
}

/** Whether an error says that nothing more can be done here: the server takes the login no more, or has forgotten the session. */
function isLost(error: unknown): boolean {
  if (!isHubError(error)) return false;
  return error.details['session'] === 'ended' || (error.code === 'UNAUTHORIZED' && provablyNotRun(error));
}

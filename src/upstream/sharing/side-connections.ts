import {
  type CancelSignal,
  type Clock,
  type Deferred,
  deferred,
  type Disposable,
  HubError,
  isHubError,
  toHubError,
  withDeadline,
} from '../../base/index.ts';
import type { ClientHeaders } from '../forwarded-headers.ts';
import { isOfSession } from './placement.ts';
import type { Connection } from '../types.ts';

/** How long a connection that nobody uses is kept, in milliseconds. */
export const IDLE_MS = 300_000;
/** How long the unused connection of a session is safe from those who wait in line, in milliseconds. A spare one never is. */
const SAFE_MS = 10_000;
/** How often those in line look whether a connection has become free in that way, in milliseconds. */
const LOOK_EVERY_MS = 1_000;
/** Most calls in line. */
const MAX_WAITING = 1_000;

/**
 * Whose a connection is: one session's, with the headers of the request that it is made for, or spare for calls of one principal,
 * one at a time.
 */
export type Owner =
  | { readonly kind: 'own'; readonly client: string; readonly headers?: ClientHeaders | undefined }
  | { readonly kind: 'spare'; readonly principalId: string };

/** One life of a side connection; an {@link Incarnation} is one. */
interface SideLife {
  open(): Promise<Connection>;
  end(reason: HubError): Promise<void>;
}

export interface SideConnectionsOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly clock: Clock;
  /** Most of them at once; asked whenever another one is wanted. */
  readonly limit: () => number;
  /** A life that is not opened yet. `closed` is called when its connection is lost. */
  readonly create: (owner: Owner, closed: (error: HubError) => void) => SideLife;
}

interface Side {
  readonly owner: Owner;
  readonly life: SideLife;
  readonly opening: Promise<Connection>;
  connection: Connection | undefined;
  /** Calls that use it or wait for it to open. */
  users: number;
  idle: { readonly sinceMs: number; readonly timer: Disposable } | undefined;
  ending: boolean;
}

interface Waiter {
  readonly owner: Owner;
  readonly granted: Deferred<Side>;
}

export interface Wait {
  readonly signal: CancelSignal;
  /** Longest wait for a connection, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * The connections of one server beside its main one. They are made when a call needs one, reused by the same owner, and
 * ended when their session ends, when they are idle, or when others need the room. When there are as many as may be, calls wait
 * in line.
 */
export class SideConnections {
  readonly #options: SideConnectionsOptions;
  readonly #sides = new Set<Side>();
  readonly #line = new Set<Waiter>();
  #look: Disposable | undefined;
  #over: HubError | undefined;
  #isRetired = false;

  constructor(options: SideConnectionsOptions) {
    this.#options = options;
  }

  /** Those that are open now. */
  get open(): readonly { readonly owner: Owner; readonly connection: Connection }[] {
    return [...this.#sides].flatMap(({ owner, connection, ending }) => (connection && !ending ? [{ owner, connection }] : []));
  }

  /**
   * Has `work` done on a connection of that owner; a spare one is nobody else's until it is done.
   *
   * @throws HubError what `work` throws; TIMEOUT, CANCELLED or LIMIT_EXCEEDED when there was no connection for it; the error
   * of the start when it could not be made
   */
  async use<T>(owner: Owner, wait: Wait, work: (connection: Connection) => Promise<T>): Promise<T> {
    const side = await this.#lease(owner, wait);
    let isClean = false;
    try {
      const done = await work(await this.#opened(side, wait));
      isClean = true;
      return done;
    } finally {
      this.#release(side, isClean);
    }
  }

  /** Ends those of one session. */
  endSession(sessionId: string): void {
    for (const side of this.#sides) {
      if (side.owner.kind === 'own' && isOfSession(side.owner.client, sessionId)) this.#end(side, this.#error('The session ended.'));
    }
  }

  /** Nothing is kept for later any more: each ends when nobody uses it. */
  retire(): void {
    this.#isRetired = true;
    for (const side of this.#sides) if (side.users === 0) void this.#end(side, this.#error('The server was restarted.'));
  }

  /** Ends all of them; resolves when they are gone. Who waits is told the reason. Nothing is made after this. */
  async end(reason: HubError): Promise<void> {
    this.#over = reason;
    this.#look?.dispose();
    for (const { granted } of this.#line) granted.reject(reason);
    this.#line.clear();
    await Promise.all([...this.#sides].map((side) => this.#end(side, reason)));
  }

  async #lease(owner: Owner, wait: Wait): Promise<Side> {
    if (this.#over) throw this.#over;
    const side = this.#take(owner);
    if (side) return side;
    if (this.#line.size >= MAX_WAITING) throw this.#full(`${MAX_WAITING} calls wait for one already`, 'LIMIT_EXCEEDED');
    const waiter: Waiter = { owner, granted: deferred() };
    this.#line.add(waiter);
    this.#lookLater();
    this.#serve();
    try {
      return await this.#within(waiter.granted.promise, wait, () => this.#full(`none became free within ${wait.timeoutMs} ms`, 'TIMEOUT'));
    } catch (error) {
      this.#line.delete(waiter);
      // It may have been granted at the very moment of giving up.
      waiter.granted.promise.then(
        (late) => this.#release(late, true),
        () => undefined,
      );
      waiter.granted.reject(error);
      throw error;
    }
  }

  async #opened(side: Side, wait: Wait): Promise<Connection> {
    if (side.connection) return side.connection;
    try {
      return await this.#within(side.opening, wait, () => this.#error(`it was not ready within ${wait.timeoutMs} ms`, 'TIMEOUT'));
    } catch (error) {
      if (wait.signal.aborted || this.#over) throw error;
      const { code, message, details } = toHubError(error, 'CONNECTION_ERROR');
      throw new HubError(code, `This call needs a connection of its own to server "${this.#options.id}", which failed: ${message}`, {
        details,
        cause: error,
      });
    }
  }

  async #within<T>(promise: Promise<T>, { signal, timeoutMs }: Wait, onTimeout: () => HubError): Promise<T> {
    try {
      return await withDeadline(promise, { clock: this.#options.clock, timeoutMs, signal, onTimeout });
    } catch (error) {
      if (!signal.aborted || isHubError(error)) throw error;
      throw this.#error('was taken back.', 'CANCELLED');
    }
  }

  /** A connection of that owner, counted as used: one that there is, or a new one if there is room. */
  #take(owner: Owner): Side | undefined {
    const side = this.#find(owner) ?? (this.#sides.size < this.#options.limit() ? this.#start(owner) : undefined);
    if (!side) return undefined;
    side.users += 1;
    side.idle?.timer.dispose();
    side.idle = undefined;
    return side;
  }

  #find(owner: Owner): Side | undefined {
    for (const side of this.#sides) {
      if (side.ending) continue;
      if (owner.kind === 'own' && side.owner.kind === 'own' && side.owner.client === owner.client) return side;
      const isSpare = owner.kind === 'spare' && side.owner.kind === 'spare' && side.users === 0;
      if (isSpare && side.owner.principalId === owner.principalId) return side;
    }
    return undefined;
  }

  /** The connection that has been idle longest makes room for somebody in line, when it is gone; false when there is none. */
  #makeRoom(): boolean {
    const sides = [...this.#sides];
    if (sides.filter(({ ending }) => ending).length >= this.#line.size) return false;
    const nowMs = this.#options.clock.now();
    const free = sides.filter(({ owner, idle }) => idle && (owner.kind === 'spare' || nowMs - idle.sinceMs >= SAFE_MS));
    const longest = free.toSorted((one, other) => (one.idle?.sinceMs ?? 0) - (other.idle?.sinceMs ?? 0))[0];
    if (longest) void this.#end(longest, this.#error('Another client needed the connection.'));
    return longest !== undefined;
  }

  #start(owner: Owner): Side {
    const life = this.#options.create(owner, (error) => void this.#end(side, error));
    const opening = life.open();
    const side: Side = { owner, life, opening, connection: undefined, users: 0, idle: undefined, ending: false };
    this.#sides.add(side);
    opening.then(
      (connection) => void (side.connection = connection),
      (error: unknown) => void this.#end(side, toHubError(error, 'CONNECTION_ERROR')),
    );
    return side;
  }

  /** @param isClean false when the server may still work on the call: a spare connection is not for others then */
  #release(side: Side, isClean: boolean): void {
    side.users -= 1;
    if (side.users > 0 || side.ending) return;
    const tooOld = (): HubError => this.#error('It was not used any more.');
    if (this.#isRetired) return void this.#end(side, this.#error('The server was restarted.'));
    if (!isClean && side.owner.kind === 'spare') return void this.#end(side, this.#error('Its call was taken back.'));
    const timer = this.#options.clock.after(IDLE_MS, () => void this.#end(side, tooOld()));
    side.idle = { sinceMs: this.#options.clock.now(), timer };
    this.#serve();
  }

  /** It makes room only when it is gone. */
  async #end(side: Side, reason: HubError): Promise<void> {
    const isFirst = !side.ending;
    side.ending = true;
    side.idle?.timer.dispose();
    side.idle = undefined;
    await side.life.end(reason);
    if (!isFirst) return;
    this.#sides.delete(side);
    this.#serve();
  }

  /** Gives those in line, in order, what there is. */
  #serve(): void {
    let mayGrow = true;
    for (const waiter of this.#line) {
      const side = this.#take(waiter.owner);
      if (!side) {
        mayGrow &&= this.#makeRoom();
        continue;
      }
      this.#line.delete(waiter);
      waiter.granted.resolve(side);
    }
    if (this.#line.size === 0) this.#look?.dispose();
  }

  #lookLater(): void {
    this.#look?.dispose();
    this.#look = this.#options.clock.after(LOOK_EVERY_MS, () => {
      this.#serve();
      if (this.#line.size > 0) this.#lookLater();
    });
  }

  #full(what: string, code: 'TIMEOUT' | 'LIMIT_EXCEEDED'): HubError {
    const { limit } = this.#options;
    return this.#error(
      `Its clients have all ${limit()} connections of their own in use and ${what}. Try again later, or raise "maxConnections" of its entry.`,
      code,
    );
  }

  #error(problem: string, code: 'TIMEOUT' | 'LIMIT_EXCEEDED' | 'CANCELLED' | 'CONNECTION_ERROR' = 'CONNECTION_ERROR'): HubError {
    const { id } = this.#options;
    return new HubError(code, `Server "${id}": ${problem}`, { details: { server: id } });
  }
}

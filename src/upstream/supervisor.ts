import { type Deferred, deferred, type Disposable, HubError, messageOf, sleep, toHubError } from '../base/index.ts';
import type { CacheHint, Listing } from '../catalog/index.ts';
import { formatDiagnostic, type ServerDefinition } from '../config/index.ts';
import type { ListKind, NotificationMessage } from '../protocol/index.ts';
import { EraMemory } from './era-memory.ts';
import { Incarnation, type StartableDefinition, type UpstreamParts } from './incarnation.ts';
import { NO_HINT } from './lists/list-freshness.ts';
import { notReady } from './not-ready.ts';
import { failuresInARow, restartDelayMs } from './restart-policy.ts';
import { Sharing } from './sharing/sharing.ts';
import { StandingWishes } from './standing-wishes.ts';
import type { Connection, LogLine, PoolEvents, RootsSource, Upstream, UpstreamAnswer, UpstreamRequest, UpstreamState } from './types.ts';

export interface SupervisorOptions {
  readonly definition: ServerDefinition;
  readonly parts: UpstreamParts;
  /** How long requests wait for a start, counted from its beginning, in milliseconds. */
  readonly startupWaitMs: number;
  readonly on: { readonly [K in keyof PoolEvents]: (event: PoolEvents[K]) => void };
}

/** Keeps one upstream in its desired state: started, and started again whenever it fails, until it is stopped. */
export class Supervisor implements Upstream {
  readonly #options: SupervisorOptions;
  readonly #sharing: Sharing;
  #state: UpstreamState = Object.freeze({ kind: 'stopped' });
  #listing: Listing | undefined;
  /** Grows with every start, failure and stop; what an older one still has to say is not heard. */
  #generation = 0;
  #life: Incarnation | undefined;
  #connection: Connection | undefined;
  #retry: Disposable | undefined;
  #failures = 0;
  /** When the wait for readiness began that requests take part in. */
  #waitSinceMs = 0;
  #firstAttempt: Deferred<void> | undefined;
  #changed: Deferred<void> = deferred();
  /** Lives that are being ended. */
  readonly #endings = new Set<Promise<void>>();
  #stopping: Promise<void> | undefined;
  readonly #era = new EraMemory();
  readonly #wishes = new StandingWishes();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { parts, on } = options;
    this.#sharing = new Sharing({ parts, forSession: (event) => on.forSession({ id: this.id, ...event }) });
  }

  get id(): string {
    return this.#options.definition.id;
  }

  get state(): UpstreamState {
    return this.#state;
  }

  get listing(): Listing | undefined {
    return this.#listing;
  }

  get resourceEpoch(): string | undefined {
    return this.#connection && `${this.#generation}.${this.#connection.resourceChanges}`;
  }

  listHint(kind: ListKind): CacheHint | undefined {
    return this.#connection ? this.#connection.listHint(kind) : NO_HINT;
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.#connection?.freshen(kind);
  }

  get noiseCount(): number {
    return this.#life?.noiseCount ?? 0;
  }

  stderrTail(): readonly LogLine[] {
    return this.#life?.stderrTail() ?? [];
  }

  /** Starts it now, also when it waits for its next attempt, failed or needed a login. Does nothing while it starts, runs or stops. */
  start(): void {
    if (this.#stopping || ['starting', 'ready', 'stopping'].includes(this.#state.kind)) return;
    const { definition } = this.#options;
    if (definition.disabled) return this.#set({ kind: 'disabled' });
    if (definition.kind === 'invalid') return this.#set({ kind: 'failed', error: invalid(definition) });
    this.#failures = 0;
    this.#firstAttempt ??= deferred();
    return this.#begin(definition);
  }

  /** Stops it for good, or until the next {@link start}; resolves when all of it is gone. Idempotent, never rejects. */
  stop(): Promise<void> {
    if (this.#state.kind === 'stopped' || this.#state.kind === 'disabled') return this.#stopping ?? Promise.resolve();
    this.#stopping ??= this.#stopNow().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const connection = this.#connection ?? (await this.#whenReady(request.signal));
    return this.#sharing.request(connection, request);
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    this.#sharing.notify(notification, sessionId);
  }

  unavailable(): HubError | undefined {
    return this.#connection ? undefined : notReady(this.id, this.#state, this.#now());
  }

  async settled(signal: AbortSignal): Promise<void> {
    const first = this.#firstAttempt;
    if (!first || this.#state.kind !== 'starting') return;
    const leftMs = this.#waitSinceMs + this.#options.startupWaitMs - this.#now();
    if (leftMs > 0) await this.#within(first.promise, leftMs, signal);
  }

  async setSubscribedResources(uris: ReadonlySet<string>): Promise<void> {
    await this.#wishes.setUris(uris, this.#connection);
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.#wishes.setTaskIds(taskIds, this.#connection);
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    await Promise.all([this.#wishes.setLogLevel(level, this.#connection), this.#sharing.setLogLevel(level)]);
  }

  setRootsSource(source: RootsSource): void {
    this.#sharing.setRootsSource(source);
  }

  rootsChanged(sessionId: string | undefined): void {
    this.#sharing.rootsChanged(sessionId);
  }

  endSession(sessionId: string): void {
    this.#sharing.endSession(sessionId);
  }

  #now(): number {
    return this.#options.parts.clock.now();
  }

  #set(state: UpstreamState): void {
    this.#state = Object.freeze(state);
    if (state.kind !== 'starting') {
      this.#firstAttempt?.resolve();
      this.#firstAttempt = undefined;
    }
    const changed = this.#changed;
    this.#changed = deferred();
    changed.resolve();
    this.#options.on.state({ id: this.id, state: this.#state });
  }

  #setListing(listing: Listing | undefined): void {
    if (listing === this.#listing) return;
    this.#listing = listing;
    this.#options.on.listing({ id: this.id, listing });
  }

  #begin(definition: StartableDefinition, last?: HubError): void {
    this.#retry?.dispose();
    this.#generation += 1;
    const sinceMs = this.#now();
    this.#waitSinceMs = sinceMs;
    this.#set({ kind: 'starting', sinceMs, attempt: this.#failures + 1, ...(last && { last }) });
    void this.#attempt(definition, this.#generation, sinceMs);
  }

  async #attempt(definition: StartableDefinition, generation: number, sinceMs: number): Promise<void> {
    const { parts, on } = this.#options;
    const { id } = this;
    const current = (): boolean => generation === this.#generation;
    const life = new Incarnation({
      definition,
      parts,
      knownEra: this.#era.known(sinceMs),
      probeMs: this.#era.probeMs,
      onLateProbe: (era, tookMs) => current() && this.#era.answeredLate(era, tookMs, this.#now()),
      roots: () => this.#sharing.roots(undefined),
      on: {
        listing: (listing) => current() && this.#setListing(listing),
        resourceUpdated: (event) => current() && on.resourceUpdated({ id, ...event }),
        taskChanged: (event) => current() && on.taskChanged({ id, ...event }),
        logMessage: (notification) => current() && on.logMessage({ id, notification }),
        asked: (called) => this.#sharing.asked(called),
        forSession: (event) => current() && on.forSession({ id, ...event }),
        closed: (error) => current() && this.#fail(definition, error),
      },
    });
    this.#life = life;
    try {
      const connection = await life.open();
      if (current()) this.#sharing.open(definition, connection);
      if (current()) await this.#ready(connection, sinceMs);
    } catch (error) {
      // The next attempt finds the era out anew: it may be what has changed.
      if (current()) this.#era.forget();
      if (current()) this.#fail(definition, toHubError(error, 'CONNECTION_ERROR'));
    }
  }

  async #ready(connection: Connection, sinceMs: number): Promise<void> {
    const nowMs = this.#now();
    const { identity } = connection;
    this.#connection = connection;
    if (!connection.isEraGuessed) this.#era.settled(identity.era, nowMs);
    // The listing first, so that whoever hears of readiness sees what is offered.
    this.#setListing(connection.listing);
    this.#set({ kind: 'ready', sinceMs: nowMs, tookMs: nowMs - sinceMs, identity });
    try {
      await this.#wishes.applyTo(connection);
    } catch (error) {
      const message = `Server "${this.id}" does not take the subscriptions or log level it had before: ${messageOf(error)}`;
      this.#options.parts.logger.warn(message, { server: this.id });
    }
  }

  /** An attempt that failed, or a connection that was lost. */
  #fail(definition: StartableDefinition, error: HubError): void {
    const { parts } = this.#options;
    const nowMs = this.#now();
    const readyForMs = this.#state.kind === 'ready' ? nowMs - this.#state.sinceMs : 0;
    if (this.#state.kind === 'ready') this.#waitSinceMs = nowMs;
    this.#generation += 1;
    this.#endLife(error);
    if (error.code === 'UNAUTHORIZED') return this.#giveUp({ kind: 'auth-required', error });
    if (error.code === 'PLACEHOLDER_ERROR' || error.code === 'CONFIG_ERROR') return this.#giveUp({ kind: 'failed', error });
    this.#failures = failuresInARow(this.#failures, readyForMs);
    const delayMs = restartDelayMs(this.#failures, parts.random());
    this.#retry = parts.clock.after(delayMs, () => this.#begin(definition, error));
    return this.#set({ kind: 'backoff', untilMs: nowMs + delayMs, attempt: this.#failures, last: error });
  }

  /** No next attempt by itself, and so nothing is offered any more. */
  #giveUp(state: UpstreamState): void {
    this.#setListing(undefined);
    this.#set(state);
  }

  #endLife(reason: HubError): void {
    this.#connection = undefined;
    const sides = this.#sharing.end(reason);
    const main = this.#life?.end(reason);
    if (!main) return;
    const ending = Promise.all([main, sides]).then(() => undefined);
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
  }

  async #stopNow(): Promise<void> {
    this.#generation += 1;
    this.#retry?.dispose();
    this.#set({ kind: 'stopping' });
    this.#endLife(new HubError('SERVER_NOT_CONNECTED', `Server "${this.id}" was stopped.`, { details: { server: this.id } }));
    await Promise.all(this.#endings);
    this.#giveUp(this.#options.definition.disabled ? { kind: 'disabled' } : { kind: 'stopped' });
  }

  async #whenReady(signal: AbortSignal): Promise<Connection> {
    const untilMs = this.#waitSinceMs + this.#options.startupWaitMs;
    while (!this.#connection) {
      if (signal.aborted) throw new HubError('CANCELLED', `The request to server "${this.id}" was taken back.`, { cause: signal.reason });
      const nowMs = this.#now();
      if (nowMs >= untilMs || !this.#isWorthWaiting(untilMs)) throw notReady(this.id, this.#state, nowMs);
      await this.#within(this.#changed.promise, untilMs - nowMs, signal);
    }
    return this.#connection;
  }

  #isWorthWaiting(untilMs: number): boolean {
    if (this.#state.kind === 'starting') return true;
    // After a crash the next attempt is near; after more of them, the caller is told rather than kept.
    return this.#state.kind === 'backoff' && this.#state.attempt === 1 && this.#state.untilMs < untilMs;
  }

  /** Waits for `fact`, at most `ms`, or until the signal aborts. */
  async #within(fact: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    await Promise.race([fact, sleep(this.#options.parts.clock, ms, AbortSignal.any([signal, done.signal]))]);
    done.abort();
  }
}

function invalid({ id, errors }: ServerDefinition): HubError {
  const text = errors.map(formatDiagnostic).join(' ');
  return new HubError('CONFIG_ERROR', `The entry of server "${id}" cannot be used: ${text || 'see the config file.'}`, {
    details: { server: id, diagnostics: errors },
  });
}

import { type Disposable, type HubError, toHubError, withDeadline } from '../base/index.ts';
import type { CacheHint, Listing } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { ListKind, NotificationMessage } from '../protocol/index.ts';
import type { StartableDefinition, UpstreamParts } from './incarnation.ts';
import type { EnvironmentName } from './launch-environment.ts';
import { NO_HINT } from './lists/list-freshness.ts';
import { Lives, type SupervisorListener } from './lives.ts';
import { listsTimeout, notReady } from './not-ready.ts';
import { overNext } from './over-next.ts';
import { Readiness } from './readiness.ts';
import { failuresInARow, restartDelayMs } from './restart-policy.ts';
import { Sharing } from './sharing/sharing.ts';
import { invalidDefinition, startable, stoppedError, type StopReason } from './startable.ts';
import { StandingWishes } from './standing-wishes.ts';
import type { Connection, LogLine, RootsSource, Upstream, UpstreamAnswer, UpstreamRequest, UpstreamState } from './types.ts';

export interface SupervisorOptions {
  readonly definition: ServerDefinition;
  readonly parts: UpstreamParts;
  /** How long requests wait for a start, counted from its beginning, in milliseconds; asked for every wait. */
  readonly startupWaitMs: () => number;
  /** What must be over before the first start, such as the end of another server of the same name; never rejects. */
  readonly after?: Promise<void> | undefined;
  /** `false` once nobody would stop what is started: starts do nothing then. Default: always `true`. */
  readonly mayRun?: () => boolean;
  readonly on: SupervisorListener;
}

/** Keeps one upstream in its desired state: started, and started again whenever it fails, until it is stopped. */
export class Supervisor implements Upstream {
  readonly id: string;
  readonly #options: SupervisorOptions;
  readonly #sharing: Sharing;
  readonly #lives: Lives;
  readonly #readiness: Readiness;
  #definition: ServerDefinition;
  #state: UpstreamState = Object.freeze({ kind: 'stopped' });
  #listing: Listing | undefined;
  /** Grows with every start, failure and stop; what an older one still has to say is not heard. */
  #generation = 0;
  #connection: Connection | undefined;
  #retry: Disposable | undefined;
  #failures = 0;
  /** Whether an attempt has begun that has not launched anything yet, because the life before is still being ended. */
  #isPending = false;
  #stopping: Promise<void> | undefined;
  readonly #wishes = new StandingWishes();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#definition = options.definition;
    const { parts, on, startupWaitMs, after } = options;
    const { id } = options.definition;
    this.id = id;
    const sharing = new Sharing({ parts, forSession: (event) => on.forSession({ id, ...event }) });
    this.#sharing = sharing;
    this.#lives = new Lives({ id, parts, sharing, on, after });
    const now = { state: () => this.#state, connection: () => this.#connection };
    this.#readiness = new Readiness({ id, clock: parts.clock, startupWaitMs, ...now });
  }

  get definition(): ServerDefinition {
    return this.#definition;
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

  get degraded() {
    return this.#connection?.degraded;
  }

  listHint(kind: ListKind): CacheHint | undefined {
    return this.#connection ? this.#connection.listHint(kind) : NO_HINT;
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.#connection?.freshen(kind);
  }

  get noiseCount(): number {
    return this.#lives.noiseCount;
  }

  stderrTail(): readonly LogLine[] {
    return this.#lives.stderrTail();
  }

  get environmentNames(): readonly EnvironmentName[] {
    return this.#lives.environmentNames;
  }

  /** Takes another definition, of the same id: for requests and connections to come, and for the process with the next {@link restart}. */
  update(definition: ServerDefinition, isOtherServer: boolean): void {
    this.#definition = definition;
    if (isOtherServer) this.#lives.forgetEra();
  }

  start(): void {
    if (!this.#mayRun() || this.#stopping || ['starting', 'ready', 'stopping'].includes(this.#state.kind)) return;
    this.#startAnew();
  }

  stop(reason: StopReason = 'stopped'): Promise<void> {
    if (this.#state.kind === 'stopped' || this.#state.kind === 'disabled') return this.#stopping ?? this.#lives.ended();
    this.#stopping ??= this.#stopNow(reason).finally(() => void (this.#stopping = undefined));
    return this.#stopping;
  }

  async restart(): Promise<void> {
    if (!this.#mayRun() || this.#stopping) return this.#stopping;
    if (!this.#isPending) {
      this.#generation += 1;
      this.#endLife(stoppedError(this.id, this.#definition.disabled ? 'disabled' : 'restarted'));
    }
    // One that waits may have got another definition meanwhile.
    if (!this.#isPending || !startable(this.#definition)) this.#startAnew();
    await this.#readiness.attempted;
    // Of one that is not to run any more, the end is what there is to wait for.
    if (!startable(this.#definition)) await this.#lives.ended();
  }

  async refresh(): Promise<void> {
    const connection = this.#connection;
    if (!connection) throw notReady(this.id, this.#state, this.#now());
    const timeoutMs = this.#definition.requestTimeoutMs;
    const onTimeout = (): HubError => listsTimeout(this.id, timeoutMs);
    await withDeadline(connection.refresh(), { clock: this.#options.parts.clock, timeoutMs, onTimeout });
    if (this.#connection !== connection) throw notReady(this.id, this.#state, this.#now());
  }

  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const connection = this.#connection ?? (await this.#readiness.connection(request.signal));
    return overNext(connection, (each) => this.#sharing.request(each, request), this.#readiness, request.signal);
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    this.#sharing.notify(notification, sessionId);
  }

  unavailable(): HubError | undefined {
    return this.#connection ? undefined : notReady(this.id, this.#state, this.#now());
  }

  settled(signal: AbortSignal): Promise<void> {
    return this.#readiness.settled(signal);
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

  #mayRun(): boolean {
    return this.#options.mayRun?.() ?? true;
  }

  #now(): number {
    return this.#options.parts.clock.now();
  }

  #set(state: UpstreamState): void {
    this.#state = Object.freeze(state);
    this.#isPending = false;
    this.#readiness.changed();
    this.#options.on.state({ id: this.id, state: this.#state });
  }

  #setListing(listing: Listing | undefined): void {
    if (listing === this.#listing) return;
    this.#listing = listing;
    this.#options.on.listing({ id: this.id, listing });
  }

  /** From the beginning: failures before do not count any more. */
  #startAnew(): void {
    const definition = this.#definition;
    this.#retry?.dispose();
    this.#generation += 1;
    if (definition.disabled) return this.#giveUp({ kind: 'disabled' });
    if (definition.kind === 'invalid') return this.#giveUp({ kind: 'failed', error: invalidDefinition(definition) });
    this.#failures = 0;
    this.#readiness.expectAttempt();
    return this.#begin();
  }

  #begin(last?: HubError): void {
    this.#retry?.dispose();
    this.#generation += 1;
    const sinceMs = this.#now();
    this.#readiness.waitFrom(sinceMs);
    this.#set({ kind: 'starting', sinceMs, attempt: this.#failures + 1, ...(last && { last }) });
    this.#isPending = true;
    void this.#launch(this.#generation);
  }

  /** Two lives at once would fight over what a server needs for itself: a port, a file, a lock. */
  async #launch(generation: number): Promise<void> {
    await this.#lives.ended();
    if (generation !== this.#generation) return;
    this.#isPending = false;
    const definition = startable(this.#definition);
    if (definition) await this.#attempt(definition, generation, this.#now());
    else this.#startAnew();
  }

  async #attempt(definition: StartableDefinition, generation: number, sinceMs: number): Promise<void> {
    // What the definition has become meanwhile, for what may change while the server runs.
    const asItIs = (): StartableDefinition => (this.#definition.kind === 'invalid' ? definition : this.#definition);
    const isCurrent = (): boolean => generation === this.#generation;
    const life = this.#lives.begin({
      definition,
      asItIs,
      isCurrent,
      listing: (listing) => this.#setListing(listing),
      closed: (error) => this.#fail(error),
    });
    try {
      const connection = await life.open();
      if (isCurrent()) this.#sharing.open(asItIs, connection);
      if (isCurrent()) await this.#ready(connection, sinceMs);
    } catch (error) {
      if (isCurrent()) this.#lives.forgetEra();
      if (isCurrent()) this.#fail(toHubError(error, 'CONNECTION_ERROR'));
    }
  }

  async #ready(connection: Connection, sinceMs: number): Promise<void> {
    const nowMs = this.#now();
    this.#connection = connection;
    this.#lives.connected(connection);
    // The listing first, so that whoever hears of readiness sees what is offered.
    this.#setListing(connection.listing);
    this.#set({ kind: 'ready', sinceMs: nowMs, tookMs: nowMs - sinceMs, identity: connection.identity });
    await this.#wishes.applyTo(connection, this.id, this.#options.parts.logger);
  }

  /** An attempt that failed, or a connection that was lost. */
  #fail(error: HubError): void {
    const { parts } = this.#options;
    const nowMs = this.#now();
    const readyForMs = this.#state.kind === 'ready' ? nowMs - this.#state.sinceMs : 0;
    if (this.#state.kind === 'ready') this.#readiness.waitFrom(nowMs);
    this.#generation += 1;
    this.#endLife(error);
    if (error.code === 'UNAUTHORIZED') return this.#giveUp({ kind: 'auth-required', error });
    if (error.code === 'PLACEHOLDER_ERROR' || error.code === 'CONFIG_ERROR') return this.#giveUp({ kind: 'failed', error });
    this.#failures = failuresInARow(this.#failures, readyForMs);
    const delayMs = restartDelayMs(this.#failures, parts.random(), error);
    this.#retry = parts.clock.after(delayMs, () => this.#begin(error));
    return this.#set({ kind: 'backoff', untilMs: nowMs + delayMs, attempt: this.#failures, last: error });
  }

  /** No next attempt by itself, and so nothing is offered any more. */
  #giveUp(state: UpstreamState): void {
    this.#setListing(undefined);
    this.#set(state);
  }

  #endLife(reason: HubError): void {
    this.#connection = undefined;
    this.#lives.end(reason);
  }

  async #stopNow(reason: StopReason): Promise<void> {
    this.#generation += 1;
    this.#retry?.dispose();
    this.#set({ kind: 'stopping' });
    this.#endLife(stoppedError(this.id, reason));
    await this.#lives.ended();
    this.#giveUp(this.#definition.disabled ? { kind: 'disabled' } : { kind: 'stopped' });
  }
}

import { type CancelSignal, HUB_OWNER, type HubError, withDeadline } from '../base/index.ts';
import type { CacheHint, Listing } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { ListKind, NotificationMessage } from '../protocol/index.ts';
import { Admission } from './admission.ts';
import type { Supervision } from './history.ts';
import type { EnvironmentName } from './launch-environment.ts';
import { Lifecycle } from './lifecycle.ts';
import { NO_HINT } from './lists/list-freshness.ts';
import { hasLoginsOfEach, loginOwner } from './oauth/login-owner.ts';
import { LostLogin } from './lost-login.ts';
import type { SupervisorOptions } from './lives.ts';
import { listsTimeout, notReady } from './not-ready.ts';
import { overNext } from './over-next.ts';
import { PersonalLinks } from './sharing/personal-links.ts';
import type { Refusal } from './refusals.ts';
import { Sharing } from './sharing/sharing.ts';
import { startable, stoppedError, type StopReason } from './startable.ts';
import { StandingWishes } from './standing-wishes.ts';
import type { Connection, Load, LogLine, RootsSource, Upstream, UpstreamAnswer, UpstreamRequest, UpstreamState } from './types.ts';

/** One upstream as others see it: its requests, its lists and what they wish of it, whatever becomes of it meanwhile. */
export class Supervisor implements Upstream {
  readonly id: string;
  readonly #options: SupervisorOptions;
  readonly #sharing: Sharing;
  readonly #wishes = new StandingWishes();
  readonly #life: Lifecycle;
  readonly #admission: Admission;
  readonly #lost: LostLogin;
  readonly #personal: PersonalLinks;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { parts, on } = options;
    const { id } = options.definition;
    this.id = id;
    this.#sharing = new Sharing({ parts, forSession: (event) => on.forSession({ id, ...event }) });
    this.#life = new Lifecycle(options, this.#sharing, this.#wishes);
    const lost = (error: HubError): void => {
      if (this.#life.now.connection) this.#life.fail(error);
    };
    this.#lost = new LostLogin({ isRunning: () => this.#sharing.isRunning, lost });
    this.#personal = new PersonalLinks({
      id,
      parts,
      definition: () => startable(this.definition),
      listing: () => this.listing,
      forSession: (event) => on.forSession({ id, ...event }),
    });
    this.#admission = new Admission({
      id,
      clock: parts.clock,
      definition: () => this.definition,
      send: (one) => this.#sendAs(loginOwner(this.definition, one.origin.principalId), one),
    });
  }

  get definition(): ServerDefinition {
    return this.#life.now.definition;
  }

  get state(): UpstreamState {
    return this.#life.now.state;
  }

  get load(): Load {
    return this.#admission.load;
  }

  /** Whether its next call starts it. */
  get isAsleep(): boolean {
    return this.#life.now.isAsleep;
  }

  get supervision(): Supervision {
    return this.#life.history.facts(this.#sharing.answeredMs);
  }

  /** Whether what runs is the entry as it was before its last change. */
  get isBehind(): boolean {
    return this.#life.refusals.isBehind;
  }

  /** Why it is behind, once its entry as it is now has not become ready. */
  get outdated(): Refusal | undefined {
    return this.#life.refusals.outdated;
  }

  get listing(): Listing | undefined {
    return this.#life.now.listing;
  }

  get listNotes(): readonly string[] | undefined {
    return this.#life.now.connection?.listHealth?.notes;
  }

  get resourceEpoch(): string | undefined {
    const { connection, generation } = this.#life.now;
    return connection && `${generation}.${connection.resourceChanges}`;
  }

  get degraded() {
    return this.#life.now.connection?.degraded;
  }

  listHint(kind: ListKind): CacheHint | undefined {
    const { connection } = this.#life.now;
    return connection ? connection.listHint(kind) : NO_HINT;
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.#life.now.connection?.freshen(kind);
  }

  get serverInfo(): object | undefined {
    return this.#life.now.connection?.identity.serverInfo;
  }

  get noiseCount(): number {
    return this.#life.lives.noiseCount;
  }

  stderrTail(): readonly LogLine[] {
    return this.#life.lives.stderrTail();
  }

  get environmentNames(): readonly EnvironmentName[] {
    return this.#life.lives.environmentNames;
  }

  /** As {@link Lifecycle.update}. */
  update(definition: ServerDefinition, isOtherServer: boolean): void {
    this.#life.update(definition, isOtherServer);
    if (!startable(definition)) void this.#personal.end(stoppedError(this.id, 'disabled'));
    else if (isOtherServer) this.#personal.retire();
    this.#admission.changed();
  }

  /** As {@link Lifecycle.follow}. */
  follow(): Promise<void> {
    return this.#life.follow();
  }

  /** As {@link Lifecycle.startUp}. */
  startUp(holdMs?: number): void {
    this.#life.startUp(holdMs);
  }

  start(): void {
    this.#lost.forget();
    this.#life.start();
  }

  wake(): void {
    this.#life.wake();
  }

  stop(reason?: StopReason): Promise<void> {
    this.#life.lives.hold(this.#personal.end(stoppedError(this.id, reason ?? 'stopped')));
    return this.#life.stop(reason);
  }

  /** Tries again to run its entry as it is now; as {@link restart}, but that those with logins of their own went by it before. */
  catchUp(): Promise<void> {
    return this.#life.restart();
  }

  restart(): Promise<void> {
    this.#personal.retire();
    return this.#life.restart();
  }

  async endLogin(principalId: string, reason?: HubError): Promise<void> {
    if (reason) await this.#personal.end(reason, principalId);
    else this.#personal.retire(principalId);
  }

  async refresh(): Promise<void> {
    const { connection } = this.#life.now;
    if (!connection) throw this.#notReady();
    const timeoutMs = this.definition.requestTimeoutMs;
    const onTimeout = (): HubError => listsTimeout(this.id, timeoutMs);
    await withDeadline(connection.refresh(), { clock: this.#options.parts.clock, timeoutMs, onTimeout });
    if (this.#life.now.connection !== connection) throw this.#notReady();
  }

  request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    return this.#admission.request(request);
  }

  #sendAs(owner: string, request: UpstreamRequest): Promise<UpstreamAnswer> {
    if (hasLoginsOfEach(this.definition)) this.#personal.meet(request.origin);
    return owner === HUB_OWNER ? this.#lost.watch(() => this.#send(request)) : this.#sendPersonal(request);
  }

  /** That the owner of the hub has to log in is nobody else's concern. */
  async #sendPersonal(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const isUsable = (): boolean => this.#life.now.connection !== undefined || this.state.kind === 'auth-required';
    if (!isUsable()) {
      await this.#awaited(request.signal).catch((error: unknown) => {
        if (!isUsable()) throw error;
      });
    }
    return this.#personal.request(request);
  }

  #send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { connection } = this.#life.now;
    if (connection) return request.hasOtherPlaces ? this.#sharing.request(connection, request) : this.#over(connection, request);
    if (request.hasOtherPlaces) return Promise.reject(this.#notReady());
    return this.#awaited(request.signal).then((later) => this.#over(later, request));
  }

  #over(connection: Connection, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { signal } = request;
    return overNext(
      connection,
      (each) => this.#sharing.request(each, request),
      () => this.#awaited(signal),
      this.#life.readiness,
      signal,
    );
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    const owner = this.#sessionOwner(sessionId);
    if (owner === HUB_OWNER) this.#sharing.notify(notification, sessionId);
    // Before its first request nobody knows with which login it may go.
    else if (owner !== undefined) this.#personal.notify(notification, sessionId);
  }

  /** Whether that client has a connection of its own, and so has to come back here. */
  hasConnectionOf(client: string): boolean {
    return this.#sharing.isApart(client) || this.#personal.isApart(client);
  }

  async ready(signal: CancelSignal): Promise<void> {
    if (!this.#life.now.connection) await this.#awaited(signal);
  }

  unavailable(): HubError | undefined {
    return this.#life.now.connection ? undefined : this.#notReady();
  }

  settled(signal: CancelSignal): Promise<void> {
    return this.#life.readiness.settled(signal);
  }

  setSubscribedResources(uris: ReadonlySet<string>) {
    return this.#wishes.setUris(uris, this.#life.now.connection);
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.#wishes.setTaskIds(taskIds, this.#life.now.connection);
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    const others = Promise.all([this.#sharing.setLogLevel(level), this.#personal.setLogLevel(level)]);
    await Promise.all([this.#wishes.setLogLevel(level, this.#life.now.connection), others]);
  }

  setRootsSource(source: RootsSource): void {
    this.#personal.setRootsSource(source);
    this.#sharing.setRootsSource((sessionId) => {
      const isOfOwner = sessionId === undefined && hasLoginsOfEach(this.definition);
      return isOfOwner ? this.#personal.rootsOf(HUB_OWNER) : source(sessionId);
    });
  }

  rootsChanged(sessionId: string | undefined): void {
    const owner = sessionId === undefined ? HUB_OWNER : this.#sessionOwner(sessionId);
    if (owner === HUB_OWNER) this.#sharing.rootsChanged(sessionId);
    else if (sessionId !== undefined) this.#personal.rootsChanged(sessionId);
  }

  endSession(sessionId: string): void {
    this.#sharing.endSession(sessionId);
    this.#personal.endSession(sessionId);
  }

  /** Whose login the session goes by; `undefined` as long as that is not known. */
  #sessionOwner(sessionId: string): string | undefined {
    return hasLoginsOfEach(this.definition) ? this.#personal.ownerOf(sessionId) : HUB_OWNER;
  }

  #awaited(signal: CancelSignal) {
    if (!signal.aborted) this.#life.wake();
    return this.#life.readiness.connection(signal);
  }

  #notReady(): HubError {
    return notReady(this.id, this.state, this.#options.parts.clock.now());
  }
}

import { type CancelSignal, deferred, type HubError } from '../../base/index.ts';
import type { CacheHint, Listing } from '../../catalog/index.ts';
import type { ServerDefinition } from '../../config/index.ts';
import type { ListKind, NotificationMessage } from '../../protocol/index.ts';
import type { Supervision } from '../history.ts';
import type { EnvironmentName } from '../launch-environment.ts';
import type { SupervisorOptions } from '../lives.ts';
import type { StopReason } from '../startable.ts';
import { TaskOwners } from '../task-owners.ts';
import type { Supervisor } from '../supervisor.ts';
import type { Load, LogLine, ReplicaFacts, RootsSource, Upstream, UpstreamAnswer, UpstreamRequest, UpstreamState } from '../types.ts';
import { degradedOf, factsOf, leadOf, loadOf, stderrOf, supervisionOf } from './aggregate.ts';
import { Balancer } from './balancer.ts';
import { Bindings } from './bindings.ts';
import { CatchUp } from './catch-up.ts';
import { Members } from './members.ts';
import type { Replica } from './replica.ts';
import { Rollout } from './rollout.ts';
import { Wishes } from './wishes.ts';

/**
 * One upstream as others see it, of as many replicas as its definition says. One of them, the lead, stands for all: it gives
 * the state and the offer. With a single replica, which is the rule, all is as that one has it.
 */
export class ReplicaSet implements Upstream {
  readonly id: string;
  readonly #on: SupervisorOptions['on'];
  readonly #logger: SupervisorOptions['parts']['logger'];
  readonly #members: Members;
  readonly #bindings = new Bindings();
  readonly #tasks = new TaskOwners();
  readonly #wishes = new Wishes(this.#bindings);
  readonly #balancer: Balancer;
  readonly #rollout: Rollout;
  readonly #catchUp: CatchUp;
  #definition: ServerDefinition;
  #lead: Replica;
  #listing: Listing | undefined;
  #toldState: UpstreamState | undefined;
  #nextReady = deferred<void>();

  constructor(options: SupervisorOptions) {
    const { definition, on, parts } = options;
    this.id = definition.id;
    this.#on = on;
    this.#logger = parts.logger;
    this.#definition = definition;
    this.#members = new Members({
      options: { ...options, on: { ...on, logMessage: (event) => on.logMessage(this.#tasks.addressed(event)) } },
      brief: (replica) => this.#wishes.tell(replica),
      stated: (replica, state) => this.#stated(replica, state),
      listed: () => this.#listed(),
      left: (replica) => this.#bindings.left(replica),
    });
    this.#lead = this.#members.all[0];
    this.#rollout = new Rollout(parts.clock);
    this.#catchUp = new CatchUp({ id: this.id, parts, replicas: () => this.#members.all, rollout: this.#rollout });
    this.#balancer = new Balancer({
      now: () => ({ replicas: this.#members.all, lead: this.#lead }),
      bindings: this.#bindings,
      nextReady: () => this.#nextReady.promise,
      areSessionsBound: () => this.#areSessionsBound,
    });
  }

  get definition(): ServerDefinition {
    return this.#definition;
  }

  get state(): UpstreamState {
    return this.#lead.supervisor.state;
  }

  get listing(): Listing | undefined {
    return this.#listing;
  }

  get listNotes(): readonly string[] | undefined {
    return this.#lead.supervisor.listNotes;
  }

  get supervision(): Supervision {
    const supervision = this.#single?.supervision ?? supervisionOf(this.#members.all);
    return Object.freeze({ ...supervision, outdated: this.#catchUp.outdated });
  }

  get load(): Load {
    return this.#single?.load ?? loadOf(this.#members.all);
  }

  get degraded(): string | undefined {
    return this.#single ? this.#single.degraded : degradedOf(this.#members.all);
  }

  get replicas(): readonly ReplicaFacts[] | undefined {
    return this.#single ? undefined : this.#members.all.map(factsOf);
  }

  get resourceEpoch(): string | undefined {
    if (this.#single) return this.#single.resourceEpoch;
    const epochs = this.#members.all.map(({ supervisor }) => supervisor.resourceEpoch);
    return epochs.every((epoch) => epoch === undefined) ? undefined : epochs.join(' ');
  }

  get serverInfo(): object | undefined {
    return this.#lead.supervisor.serverInfo;
  }

  get noiseCount(): number {
    return this.#members.all.reduce((sum, { supervisor }) => sum + supervisor.noiseCount, 0);
  }

  get environmentNames(): readonly EnvironmentName[] {
    return this.#lead.supervisor.environmentNames;
  }

  stderrTail(): readonly LogLine[] {
    return this.#single?.stderrTail() ?? stderrOf(this.#members.all);
  }

  listHint(kind: ListKind): CacheHint | undefined {
    return this.#lead.supervisor.listHint(kind);
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.#lead.supervisor.freshen(kind);
  }

  request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    return TaskOwners.concerns(request) ? this.#tasks.send(request, (one) => this.#send(one)) : this.#send(request);
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    const bound = this.#bindings.ofSession(sessionId);
    const addressees = bound ? [bound] : this.#members.all;
    for (const { supervisor } of addressees) supervisor.notify(notification, sessionId);
  }

  unavailable(): HubError | undefined {
    return this.#lead.supervisor.unavailable();
  }

  async settled(signal: CancelSignal): Promise<void> {
    if (this.#single) return this.#single.settled(signal);
    const all = Promise.all(this.#supervisors.map((supervisor) => supervisor.settled(signal)));
    // One that is ready knows what there is; the others need not be waited for.
    await (this.#lead.isReady ? undefined : Promise.race([all, this.#nextReady.promise]));
  }

  ready(signal: CancelSignal): Promise<void> {
    return this.#balancer.ready(signal);
  }

  setSubscribedResources(uris: ReadonlySet<string>) {
    return this.#wishes.setUris(uris, this.#members.all);
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.#wishes.setTaskIds(taskIds, this.#members.all);
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    await this.#wishes.setLogLevel(level, this.#members.all);
  }

  setRootsSource(source: RootsSource): void {
    this.#wishes.setRootsSource(source, this.#members.all);
  }

  rootsChanged(sessionId: string | undefined): void {
    for (const supervisor of this.#supervisors) supervisor.rootsChanged(sessionId);
  }

  endSession(sessionId: string): void {
    this.#bindings.endSession(sessionId);
    for (const supervisor of this.#supervisors) supervisor.endSession(sessionId);
  }

  async endLogin(principalId: string, reason?: HubError): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.endLogin(principalId, reason)));
  }

  /** As {@link Supervisor.startUp}, all of them at once. */
  startUp(holdMs?: number): void {
    for (const supervisor of this.#supervisors) supervisor.startUp(holdMs);
  }

  /** Wakes one, when none is up; the others are woken by calls that find it busy. */
  wake(): void {
    const isUp = this.#members.all.some(({ isReady }) => isReady);
    for (const supervisor of this.#supervisors) if (!supervisor.isAsleep) supervisor.wake();
    if (!isUp) this.#lead.supervisor.wake();
  }

  start(): void {
    for (const supervisor of this.#supervisors) supervisor.start();
    void this.#catchUp.now();
  }

  /** Tries at once an entry that was changed and did not become ready. Resolves when that has ended either way; never rejects. */
  catchUp(): Promise<void> {
    return this.#catchUp.now();
  }

  async stop(reason?: StopReason): Promise<void> {
    this.#rollout.end();
    this.#catchUp.forget();
    await this.#members.stop(reason);
  }

  /** One after the other as far as they are ready, so that there is always one that answers and never more than one process too many. */
  restart(): Promise<void> {
    return this.#renew((supervisor) => supervisor.restart());
  }

  /** As {@link Supervisor.update}. Replicas come and go. */
  update(definition: ServerDefinition, isOtherServer: boolean): void {
    const { state } = this;
    const isDown = ['disabled', 'failed', 'stopping'].includes(state.kind) || (state.kind === 'stopped' && state.reason === undefined);
    this.#definition = definition;
    const moved = this.#members.update(definition, isOtherServer, !isDown);
    void moved.then(() => this.#catchUp.look());
    this.#standing();
  }

  /** As {@link Supervisor.follow}. */
  follow(): Promise<void> {
    return this.#renew((supervisor) => supervisor.follow());
  }

  async #renew(renew: (supervisor: Supervisor) => Promise<void>): Promise<void> {
    this.#catchUp.forget();
    await this.#rollout.begin(this.#members.all, renew);
    this.#catchUp.look();
  }

  async refresh(): Promise<void> {
    const ready = this.#members.all.filter(({ isReady }) => isReady);
    const others = ready.filter((replica) => replica !== this.#lead);
    await Promise.all([this.#lead.supervisor.refresh(), Promise.allSettled(others.map(({ supervisor }) => supervisor.refresh()))]);
  }

  /** The only replica there is; `undefined` when there are several. */
  get #single(): Supervisor | undefined {
    return this.#members.all.length === 1 ? this.#members.all[0].supervisor : undefined;
  }

  get #supervisors(): readonly Supervisor[] {
    return this.#members.all.map(({ supervisor }) => supervisor);
  }

  /** A modern server keeps nothing for a session: there is none. */
  get #areSessionsBound(): boolean {
    const { state, definition } = this;
    return definition.isolation === 'session' && !(state.kind === 'ready' && state.identity.era === 'modern');
  }

  #send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    return this.#single?.request(request) ?? this.#balancer.request(request);
  }

  #stated(replica: Replica, state: UpstreamState): void {
    if (state.kind === 'ready') {
      replica.breaker.reset();
      this.#nextReady.resolve();
      this.#nextReady = deferred();
    }
    this.#standing();
    this.#catchUp.look();
    if (state === this.#toldState || replica === this.#lead) return;
    const reason = state.kind === 'backoff' ? state.last : 'error' in state ? state.error : undefined;
    if (reason) this.#logger.warn(`Replica ${replica.number} of server "${this.id}" is down: ${reason.message}`, { server: this.id });
  }

  /** Says again how all of them stand, when that is something else. */
  #standing(): void {
    this.#lead = leadOf(this.#members.all, this.#lead);
    this.#listed();
    const { state } = this;
    if (state === this.#toldState) return;
    this.#toldState = state;
    this.#on.state({ id: this.id, state });
  }

  #listed(): void {
    const listing = this.#lead.supervisor.listing ?? this.#supervisors.find((supervisor) => supervisor.listing)?.listing;
    if (listing === this.#listing) return;
    this.#listing = listing;
    this.#on.listing({ id: this.id, listing });
  }
}

import { type Clock, type HubError, toHubError } from '../base/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import { resourceUpdated } from '../protocol/index.ts';
import { History } from './history.ts';
import type { Incarnation, StartableDefinition } from './incarnation.ts';
import { type Claim, Lives, type Start, type SupervisorOptions } from './lives.ts';
import { Readiness } from './readiness.ts';
import { Refusals } from './refusals.ts';
import { needsSomebody } from './restart-policy.ts';
import { Retries } from './retries.ts';
import type { Sharing } from './sharing/sharing.ts';
import { SleepWatch } from './sleep-watch.ts';
import { invalidDefinition, startable, stoppedError, type StopReason } from './startable.ts';
import { Standing } from './standing.ts';
import type { StandingWishes } from './standing-wishes.ts';
import { Succession, type Successor } from './succession.ts';
import type { Connection } from './types.ts';

/** Keeps one upstream in its desired state: started, and started again whenever it fails, until it is stopped or falls asleep. */
export class Lifecycle {
  readonly id: string;
  readonly now: Standing;
  readonly history: History;
  readonly lives: Lives;
  readonly readiness: Readiness;
  readonly refusals: Refusals;
  readonly #options: SupervisorOptions;
  readonly #clock: Clock;
  readonly #sharing: Sharing;
  readonly #wishes: StandingWishes;
  readonly #succession: Succession;
  readonly #retries: Retries;
  readonly #sleep: SleepWatch;
  /** Whether an attempt has begun that has not launched anything yet, because the life before is still being ended. */
  #isPending = false;
  #stopping: Promise<void> | undefined;
  /** Somebody has started it since it began to stop. */
  #isStartedAgain = false;

  constructor(options: SupervisorOptions, sharing: Sharing, wishes: StandingWishes) {
    this.#options = options;
    this.#sharing = sharing;
    this.#wishes = wishes;
    const { parts, on, startupWaitMs, after } = options;
    const clock = (this.#clock = parts.clock);
    const id = (this.id = options.definition.id);
    this.history = new History(clock);
    this.lives = new Lives({ id, parts, sharing, on, after });
    this.#retries = new Retries(id, parts, this.history);
    this.now = new Standing({ definition: options.definition, offers: parts.offers, on, changed: () => this.#changed() });
    this.readiness = new Readiness({ id, clock, startupWaitMs, now: this.now });
    this.refusals = new Refusals({ id, clock, logger: parts.logger, definition: () => this.now.definition });
    this.#succession = new Succession({
      clock,
      definition: () => startable(this.now.definition),
      create: (definition) => this.#successor(definition),
      refused: (error, life) => this.#refused(error, life),
    });
    this.#sleep = new SleepWatch({
      clock,
      idleMs: () => this.now.definition.idleTimeoutMs,
      usedMs: () => sharing.usedMs,
      isBusy: () => sharing.isInUse || wishes.isListening || this.#succession.sinceMs !== undefined,
      fallAsleep: () => this.#fallAsleep(),
    });
  }

  /** Takes another definition, of the same id: for requests and connections to come, and for the process with the next {@link restart}. */
  update(definition: ServerDefinition, isOtherServer: boolean): void {
    this.now.definition = definition;
    if (isOtherServer) {
      this.lives.forgetEra();
      this.refusals.entryChanged(this.now.connection !== undefined);
    }
    if (this.now.connection) this.#sleep.start();
  }

  /** Takes up its definition, after it was added or changed: one that is down does what the definition says of its start. */
  async follow(): Promise<void> {
    const isUp = !['stopped', 'disabled', 'failed'].includes(this.now.state.kind);
    if (isUp || !startable(this.now.definition)) return this.restart();
    this.startUp();
    await this.readiness.attempted;
  }

  /** What the definition says of its start. What it offered before is offered until it says something itself; if that is known, it is held for so long. */
  startUp(holdMs = 0): void {
    const definition = startable(this.now.definition);
    if (!definition || !this.#mayRun() || this.#stopping) return this.start();
    this.now.recall(definition);
    if (definition.start === undefined || definition.start === 'eager') return this.start(this.now.listing ? holdMs : 0);
    this.now.generation += 1;
    return this.now.enter({ kind: 'stopped', reason: definition.start });
  }

  start(holdMs = 0): void {
    this.#isStartedAgain = true;
    if (!this.#mayRun() || this.#stopping || ['starting', 'ready', 'stopping'].includes(this.now.state.kind)) return;
    this.#startAnew(holdMs);
  }

  wake(): void {
    this.#retries.hurry();
    if (this.now.isAsleep) this.start();
  }

  stop(reason: StopReason = 'stopped'): Promise<void> {
    this.#isStartedAgain = false;
    const { state } = this.now;
    if ((state.kind === 'stopped' && state.reason === undefined) || state.kind === 'disabled') return this.#stopping ?? this.lives.ended();
    return (this.#stopping ??= this.#stopNow(reason));
  }

  async restart(): Promise<void> {
    if (!this.#mayRun() || this.#stopping) return this.#stopping;
    const definition = startable(this.now.definition);
    const overlaps = definition && definition.restart !== 'stop-first' && !this.refusals.isExclusive;
    if (overlaps && this.now.connection) return this.#succession.begin(stoppedError(this.id, 'restarted'));
    return this.#stopFirst();
  }

  #changed(): void {
    this.#isPending = false;
    this.readiness.changed();
  }

  #mayRun(): boolean {
    return this.#options.mayRun?.() ?? true;
  }

  async #stopFirst(): Promise<void> {
    if (!this.#isPending) {
      this.now.generation += 1;
      this.#endLives(stoppedError(this.id, this.now.definition.disabled ? 'disabled' : 'restarted'));
    }
    // One that waits may have got another definition meanwhile.
    if (!this.#isPending || !startable(this.now.definition)) {
      if (startable(this.now.definition) && !this.now.isAsleep) this.history.restarted();
      this.#startAnew();
    }
    await this.readiness.attempted;
    // Of one that is not to run any more, the end is what there is to wait for.
    if (!startable(this.now.definition)) await this.lives.ended();
  }

  /** From the beginning: failures before do not count any more. */
  #startAnew(holdMs = 0): void {
    const { definition } = this.now;
    this.#retries.cancel();
    this.now.generation += 1;
    if (definition.disabled) return this.now.giveUp({ kind: 'disabled' });
    if (definition.kind === 'invalid') return this.now.giveUp({ kind: 'failed', error: invalidDefinition(definition) });
    this.#retries.forgive();
    this.readiness.expectAttempt();
    return this.#begin({ holdMs });
  }

  #begin({ last, holdMs = 0 }: { readonly last?: HubError; readonly holdMs?: number } = {}): void {
    this.#retries.cancel();
    if (!this.#mayRun()) return this.now.giveUp({ kind: 'stopped' });
    this.now.generation += 1;
    const sinceMs = this.#clock.now();
    this.readiness.waitFrom(sinceMs);
    this.now.enter({ kind: 'starting', sinceMs, attempt: this.#retries.attempt, ...(last && { last }) });
    this.#isPending = true;
    const generation = this.now.generation;
    this.#retries.begin(holdMs, () => void this.#launch(generation));
  }

  /** Two lives at once would fight over what a server needs for itself: a port, a file, a lock. */
  async #launch(generation: number): Promise<void> {
    await this.lives.ended();
    if (generation !== this.now.generation) return;
    this.#isPending = false;
    const definition = startable(this.now.definition);
    if (definition) await this.#attempt(definition, generation, this.#clock.now());
    else this.#startAnew();
  }

  async #attempt(definition: StartableDefinition, generation: number, sinceMs: number): Promise<void> {
    const isCurrent = (): boolean => generation === this.now.generation;
    const start = this.#startOf(definition, { generation, lost: undefined });
    try {
      const connection = await this.lives.begin(start).open();
      if (isCurrent()) this.#sharing.open(start.asItIs, connection);
      if (isCurrent()) await this.#ready(definition, connection, sinceMs);
    } catch (error) {
      if (isCurrent()) this.lives.forgetEra();
      if (isCurrent()) this.fail(toHubError(error, 'CONNECTION_ERROR'));
    }
  }

  #startOf(definition: StartableDefinition, claim: Claim): Start {
    const isCurrent = (): boolean => claim.generation === this.now.generation;
    return {
      definition,
      // What the definition has become meanwhile, for what may change while the server runs.
      asItIs: () => (this.now.definition.kind === 'invalid' ? definition : this.now.definition),
      isCurrent,
      listing: (listing) => this.now.listed(definition, listing),
      listFailed: (error) => this.history.erred(error),
      former: () => this.now.former(definition),
      closed: (error) => {
        if (isCurrent()) this.fail(error);
        else claim.lost = error;
      },
    };
  }

  #successor(definition: StartableDefinition): Successor {
    const claim: Claim = { generation: undefined, lost: undefined };
    const start = this.#startOf(definition, claim);
    const life = this.lives.successor(start);
    const adopt = (connection: Connection, sinceMs: number): void => {
      this.now.generation += 1;
      claim.generation = this.now.generation;
      this.#retries.forgive();
      this.history.restarted();
      this.refusals.over();
      this.lives.succeed(life);
      this.#sharing.open(start.asItIs, connection);
      void this.#ready(definition, connection, sinceMs);
    };
    return { life, lost: () => claim.lost, adopt };
  }

  /** A successor did not become ready. */
  #refused(error: HubError, life: Incarnation): void | Promise<void> {
    this.lives.refuse(life);
    this.lives.forgetEra();
    // What was to be replaced is gone by itself meanwhile.
    if (!this.now.connection) return this.fail(error);
    this.history.erred(error);
    this.refusals.refused(error);
    return this.refusals.isExclusive ? this.#stopFirst() : undefined;
  }

  async #ready(definition: StartableDefinition, connection: Connection, sinceMs: number): Promise<void> {
    const nowMs = this.#clock.now();
    this.now.connection = connection;
    this.lives.connected(connection);
    this.history.ready(connection.listHealth?.failure?.error);
    // The listing first, so that whoever hears of readiness sees what is offered.
    this.now.listed(definition, connection.listing);
    this.now.enter({ kind: 'ready', sinceMs: nowMs, tookMs: nowMs - sinceMs, identity: connection.identity });
    this.#sleep.start();
    const { on, parts } = this.#options;
    const uris = await this.#wishes.applyTo(connection, this.id, parts.logger);
    for (const uri of uris) on.resourceUpdated({ id: this.id, uri, notification: resourceUpdated(uri) });
  }

  /** An attempt that failed, or a connection that was lost. */
  fail(error: HubError): void {
    const nowMs = this.#clock.now();
    const readyForMs = this.now.readyForMs(nowMs);
    if (this.now.state.kind === 'ready') this.readiness.waitFrom(nowMs);
    this.now.generation += 1;
    this.#endLife(error);
    this.history.erred(error);
    // What was to replace it is under way already.
    const { sinceMs } = this.#succession;
    if (sinceMs !== undefined) return this.now.enter({ kind: 'starting', sinceMs, attempt: this.#retries.attempt, last: error });
    // What it offers stays listed: a call to it is what a person is asked to log in for.
    if (error.code === 'UNAUTHORIZED') return this.now.enter({ kind: 'auth-required', error });
    if (needsSomebody(error)) return this.now.giveUp({ kind: 'failed', error });
    const next = this.#retries.after(error, readyForMs, () => this.#begin({ last: error }));
    return this.now.enter({ kind: 'backoff', ...next, last: error });
  }

  /** What it offers stays listed, and the next call starts it. */
  #fallAsleep(): void {
    this.now.generation += 1;
    this.#endLives(stoppedError(this.id, 'idle'));
    this.now.enter({ kind: 'stopped', reason: 'idle' });
  }

  #endLife(reason: HubError): void {
    this.now.connection = undefined;
    this.refusals.over();
    this.#sleep.dispose();
    this.lives.end(reason);
  }

  /** The current one, what was to replace it, and those that finish their calls. */
  #endLives(reason: HubError): void {
    this.lives.endOthers(reason, this.#succession.end(reason));
    this.#endLife(reason);
  }

  async #stopNow(reason: StopReason): Promise<void> {
    this.now.generation += 1;
    this.#retries.cancel();
    this.now.enter({ kind: 'stopping' });
    this.#endLives(stoppedError(this.id, reason));
    await this.lives.ended();
    this.#stopping = undefined;
    if (this.#isStartedAgain && this.#mayRun()) return this.#startAnew();
    this.now.giveUp(this.now.definition.disabled ? { kind: 'disabled' } : { kind: 'stopped' });
  }
}

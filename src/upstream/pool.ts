import { availableParallelism } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { type CancelSignal, type Disposable, Emitter, messageOf, withDeadline } from '../base/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { UpstreamParts } from './incarnation.ts';
import { ProcessGuard } from './process/process-guard.ts';
import { StartTurns } from './process/start-turns.ts';
import { StdioTransport } from './process/stdio-transport.ts';
import { startable } from './startable.ts';
import { ReplicaSet } from './replicas/replica-set.ts';
import type { PoolEvents } from './pool-events.ts';
import type { Upstream } from './types.ts';

/** More than any one server may take; what is left then is ended by the guard. */
const STOP_DEADLINE_MS = 4_000;

/**
 * Servers of which is known what they offer are started a moment after the hub, one after the other: to start a process holds up
 * everything else, and clients ask for lists first. In milliseconds.
 */
const FIRST_HOLD_MS = 100;
const HOLD_APART_MS = 15;
const MAX_HOLD_MS = 1_000;

export interface PoolOptions extends Omit<UpstreamParts, 'createStdioTransport'> {
  /** In the order of the config, which is the order of everything that is offered. */
  readonly definitions: readonly ServerDefinition[];
  /** How long requests wait for a start, in milliseconds; asked for every wait. */
  readonly startupWaitMs: () => number;
}

/** All upstreams, each as a set of replicas, and the guard of their processes. The set follows the config. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #emitter: Emitter<PoolEvents>;
  readonly #guard: ProcessGuard;
  readonly #turns: StartTurns;
  /** In the order of the config; replaced as a whole. */
  #upstreams: ReadonlyMap<string, ReplicaSet>;
  /** The ends of those that are in the set no more, by id: another one of the same name starts after that. */
  readonly #leaving = new Map<string, Promise<void>>();
  #isOver = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#emitter = new Emitter((error) => logger.error(`A listener of the servers failed: ${messageOf(error)}`));
    this.#guard = new ProcessGuard({ logger, clock });
    this.#turns = new StartTurns({ clock, atOnce: availableParallelism() });
    this.#upstreams = new Map(options.definitions.map((definition) => [definition.id, this.#supervise(definition)]));
  }

  /** The upstream of that id, also one that is disabled or broken. */
  get(id: string): Upstream | undefined {
    return this.#upstreams.get(id);
  }

  /** Every configured upstream, in the order of the config. */
  all(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  on<K extends keyof PoolEvents>(name: K, listener: (event: PoolEvents[K]) => void): Disposable {
    return this.#emitter.on(name, listener);
  }

  /** Starts all of them, each as its definition says and local ones in turns, and waits for none. */
  startAll(): void {
    this.#isOver = false;
    let holdMs = FIRST_HOLD_MS;
    for (const upstream of this.#upstreams.values()) {
      upstream.startUp(holdMs);
      holdMs = Math.min(holdMs + HOLD_APART_MS, MAX_HOLD_MS);
    }
  }

  /**
   * Makes the set what the definitions say. New ones are added and started; those that are missing are stopped and
   * dropped; the others take their new definition as they run, and those of `restart` are started anew with it. One that
   * becomes disabled or broken, or ceases to be, is treated as if it were in `restart`.
   *
   * All of it has begun when this returns, so that the newest of several calls wins; its promise resolves when the first attempt
   * of each that was started has ended either way and those that were dropped are gone. Never rejects. Does nothing once
   * {@link stopAll} was called.
   */
  async apply(definitions: readonly ServerDefinition[], restart: ReadonlySet<string>): Promise<void> {
    if (this.#isOver) return;
    const before = this.#upstreams;
    const ids = new Set(definitions.map(({ id }) => id));
    const added = definitions.filter(({ id }) => !before.has(id)).map(({ id }) => id);
    const dropped = [...before.values()].filter(({ id }) => !ids.has(id));
    const changes = definitions.flatMap((definition) => changeOf(before.get(definition.id), definition, restart));
    this.#upstreams = new Map(definitions.map((definition) => [definition.id, before.get(definition.id) ?? this.#supervise(definition)]));
    const affected = [...changes.filter(({ isAnew }) => isAnew).map(({ id }) => id), ...added];
    const changed = changes.filter(({ isOther }) => isOther).map(({ id }) => id);
    const isReordered = !isDeepStrictEqual([...ids], [...before.keys()]);
    // Before anything starts, so that whoever follows the set has its wishes in place.
    if (isReordered || changed.length > 0) this.#emitter.emit('members', { added, removed: dropped.map(({ id }) => id), changed });
    await Promise.all([...dropped.map((upstream) => this.#drop(upstream)), ...affected.map((id) => this.#upstreams.get(id)?.follow())]);
  }

  /** Tries at once those whose changed entry did not become ready. Resolves when these attempts have ended either way; never rejects. */
  async catchUp(): Promise<void> {
    if (!this.#isOver) await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.catchUp()));
  }

  /** Ends all of them at once, and then the guard; resolves within five seconds. Idempotent, never rejects. */
  async stopAll(): Promise<void> {
    this.#isOver = true;
    const { clock, logger, offers } = this.#options;
    const stops = [...this.#upstreams.values()].map((upstream) => upstream.stop());
    const stopping = Promise.all([...stops, ...this.#leaving.values(), offers?.settled()]);
    const onTimeout = (): Error => new Error(`not done after ${STOP_DEADLINE_MS} ms`);
    try {
      await withDeadline(stopping, { clock, timeoutMs: STOP_DEADLINE_MS, onTimeout });
    } catch (error) {
      logger.warn(`Not every server stopped in an orderly way: ${messageOf(error)}`);
    }
    await this.#guard.close();
  }

  /** Resolves once the first attempt of each of these upstreams has ended, `startupWait` is over or the signal aborts. Never rejects. */
  async settled(ids: Iterable<string>, signal: CancelSignal): Promise<void> {
    await Promise.all([...ids].map((id) => this.#upstreams.get(id)?.settled(signal)));
  }

  async #drop(upstream: ReplicaSet): Promise<void> {
    const { id } = upstream;
    const gone = upstream.stop('removed');
    this.#leaving.set(id, gone);
    await gone;
    if (this.#leaving.get(id) === gone) this.#leaving.delete(id);
  }

  #supervise(definition: ServerDefinition): ReplicaSet {
    const { startupWaitMs, clock, logger, random, connect, resolveLaunch, offers } = this.#options;
    // One that was dropped starts nothing any more, and nobody is told of its end but by `members`.
    const isMember = (): boolean => this.#upstreams.get(definition.id) === upstream;
    const tell =
      <K extends keyof PoolEvents>(name: K) =>
      (event: PoolEvents[K]): void => {
        if (isMember()) this.#emitter.emit(name, event);
      };
    const upstream: ReplicaSet = new ReplicaSet({
      definition,
      startupWaitMs,
      after: this.#leaving.get(definition.id),
      mayRun: () => !this.#isOver && isMember(),
      parts: {
        clock,
        logger,
        random,
        connect,
        resolveLaunch,
        offers,
        createStdioTransport: (id, launch) => new StdioTransport({ id, launch, guard: this.#guard, turns: this.#turns, clock, logger }),
      },
      on: {
        state: tell('state'),
        listing: tell('listing'),
        resourceUpdated: tell('resourceUpdated'),
        taskChanged: tell('taskChanged'),
        logMessage: tell('logMessage'),
        degraded: tell('degraded'),
        forSession: tell('forSession'),
      },
    });
    return upstream;
  }
}

interface Change {
  readonly id: string;
  /** Whether it is another definition. */
  readonly isOther: boolean;
  /** Whether it is started anew with it, or ended. */
  readonly isAnew: boolean;
}

/** Gives an upstream its new definition and says what that means; nothing for one that is not in the set yet. */
function changeOf(upstream: ReplicaSet | undefined, definition: ServerDefinition, restart: ReadonlySet<string>): readonly Change[] {
  if (!upstream) return [];
  const { id, definition: before } = upstream;
  const isOther = !isDeepStrictEqual(before, definition);
  const couldRun = startable(before) !== undefined;
  const canRun = startable(definition) !== undefined;
  // Of one that cannot run either way, the reason may be another one.
  const isAnew = restart.has(id) || couldRun !== canRun || (!canRun && isOther) || isWokenBy(upstream, definition);
  upstream.update(definition, restart.has(id) && isOther);
  return [{ id, isOther, isAnew }];
}

/** One that waits to be started may not have to any more. */
function isWokenBy({ state, definition: { start = 'eager' } }: ReplicaSet, { start: next = 'eager' }: ServerDefinition): boolean {
  return state.kind === 'stopped' && state.reason !== undefined && start !== next;
}

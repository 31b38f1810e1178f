import type { HubError } from '../base/index.ts';
import type { Listing } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import { EraMemory } from './era-memory.ts';
import { Incarnation, type StartableDefinition, type UpstreamParts } from './incarnation.ts';
import type { EnvironmentName } from './launch-environment.ts';
import { Retirees } from './retirees.ts';
import type { Sharing } from './sharing/sharing.ts';
import type { PoolEvents } from './pool-events.ts';
import type { Connection, LogLine } from './types.ts';

/** Lines that are kept of lives before the current one. */
const LINES_BEFORE = 500;

/** What one upstream tells the pool of, one function for each event. */
type SupervisorListener = { readonly [K in Exclude<keyof PoolEvents, 'members'>]: (event: PoolEvents[K]) => void };

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

export interface LivesOptions {
  readonly id: string;
  readonly parts: UpstreamParts;
  readonly sharing: Sharing;
  readonly on: SupervisorListener;
  /** What must be over before the first life; never rejects. */
  readonly after?: Promise<void> | undefined;
}

/** Which start a life belongs to; none as long as it only may become the current one. */
export interface Claim {
  generation: number | undefined;
  lost: HubError | undefined;
}

/** One start, as its supervisor sees it. */
export interface Start {
  readonly definition: StartableDefinition;
  /** What the definition has become since, for what may change while the server runs. */
  readonly asItIs: () => StartableDefinition;
  /** Whether this is still the start that counts; what an older one has to say is not heard. */
  readonly isCurrent: () => boolean;
  readonly listing: (listing: Listing) => void;
  readonly listFailed: (error: HubError) => void;
  /** What the server of this definition offered before. */
  readonly former: () => Listing | undefined;
  /** Told of every end, also of a start that is not the current one. */
  readonly closed: (error: HubError) => void;
}

/** The lives of one upstream: the one there is, those that are being ended, and what is still of interest of the last one. */
export class Lives {
  readonly #options: LivesOptions;
  readonly #era = new EraMemory();
  #current: Incarnation | undefined;
  /** Of the life before the current one, for as long as that has said nothing itself. */
  #tailBefore: readonly LogLine[] = [];
  /** Of the last successor that did not become ready, until another life begins: nobody else could tell what it said. */
  #refusedTail: readonly LogLine[] = [];
  #environmentBefore: readonly EnvironmentName[] = [];
  readonly #endings = new Set<Promise<void>>();
  readonly #retirees: Retirees;

  constructor(options: LivesOptions) {
    this.#options = options;
    const { id, parts } = options;
    this.#retirees = new Retirees({ id, clock: parts.clock, onEnding: (ending) => this.hold(ending) });
    if (options.after) this.hold(options.after);
  }

  /** The last lines of standard error, of a life that is over or did not become the current one as well: they say why. */
  stderrTail(): readonly LogLine[] {
    const tail = this.#current?.stderrTail() ?? [];
    const own = tail.length > 0 ? tail : this.#tailBefore;
    return this.#refusedTail.length === 0 ? own : [...own, ...this.#refusedTail].toSorted((one, other) => one.atMs - other.atMs);
  }

  get noiseCount(): number {
    return this.#current?.noiseCount ?? 0;
  }

  /** The variables that its process was given last. */
  get environmentNames(): readonly EnvironmentName[] {
    return this.#current?.environmentNames ?? this.#environmentBefore;
  }

  /** A new life, not opened yet. */
  begin(start: Start): Incarnation {
    const life = this.#create(start);
    this.#install(life);
    return life;
  }

  /** A life that may take over from the current one, not opened yet. */
  successor(start: Start): Incarnation {
    return this.#create(start);
  }

  /** The successor is the current life from now on; the one before finishes its calls. */
  succeed(successor: Incarnation): void {
    const former = this.#current;
    const use = this.#options.sharing.retire();
    this.#install(successor);
    if (former) this.#retirees.add(former, use);
  }

  /** The successor did not become ready, and the current life is what it was. */
  refuse(successor: Incarnation): void {
    this.#refusedTail = successor.stderrTail();
  }

  #create({ definition, asItIs, isCurrent, listing, listFailed, former, closed }: Start): Incarnation {
    const { id, parts, sharing, on } = this.#options;
    const { clock } = parts;
    const era = this.#era;
    const ifCurrent =
      <T>(tell: (fact: T) => void) =>
      (fact: T): void => {
        if (isCurrent()) tell(fact);
      };
    // What belongs to calls is of interest as long as there are any.
    const ifHeard =
      <T>(tell: (fact: T) => void) =>
      (fact: T): void => {
        if (isCurrent() || this.#retirees.has(life)) tell(fact);
      };
    const life: Incarnation = new Incarnation({
      definition,
      requestTimeoutMs: () => asItIs().requestTimeoutMs,
      parts,
      knownEra: era.known(clock.now()),
      probeMs: era.probeMs,
      onLateProbe: (found, tookMs) => isCurrent() && era.answeredLate(found, tookMs, clock.now()),
      former,
      roots: () => sharing.roots(undefined),
      on: {
        listing: ifCurrent(listing),
        listFailed: ifCurrent(listFailed),
        resourceUpdated: ifCurrent((event) => on.resourceUpdated({ id, ...event })),
        taskChanged: ifCurrent((event) => on.taskChanged({ id, ...event })),
        logMessage: ifHeard((notification) => on.logMessage({ id, notification })),
        degraded: ifCurrent(() => on.degraded({ id })),
        asked: (called) => sharing.asked(called),
        forSession: ifHeard((event) => on.forSession({ id, ...event })),
        closed,
      },
    });
    return life;
  }

  #install(life: Incarnation): void {
    this.#tailBefore = this.stderrTail().slice(-LINES_BEFORE);
    this.#refusedTail = [];
    this.#environmentBefore = this.environmentNames;
    this.#current = life;
  }

  /** The current one is connected: the era of the next is known. */
  connected({ isEraGuessed, identity }: Connection): void {
    if (!isEraGuessed) this.#era.settled(identity.era, this.#options.parts.clock.now());
  }

  /** The next attempt finds the era out anew: it may be what has changed. */
  forgetEra(): void {
    this.#era.forget();
  }

  /** Ends those that finish their calls; `successor` is the end of one that was to become the current one. */
  endOthers(reason: HubError, successor: Promise<void>): void {
    this.#retirees.end(reason);
    this.hold(successor);
  }

  /** Ends the current one, for `reason`, and the connections beside its main one. */
  end(reason: HubError): void {
    const beside = this.#options.sharing.end(reason);
    const main = this.#current?.end(reason);
    this.hold(Promise.all([main, beside]).then(() => undefined));
  }

  /** Resolves when all that were ended are gone: within a few seconds. */
  async ended(): Promise<void> {
    await Promise.all(this.#endings);
  }

  /** No other life begins before this has come; it never rejects. */
  hold(ending: Promise<void>): void {
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
  }
}

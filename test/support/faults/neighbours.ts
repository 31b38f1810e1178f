import { Caller, type Outcome } from './caller.ts';
import { complaintsAbout, tell } from './fault-hub.ts';
import type { HubProcess } from '../hub-process.ts';
import { paced } from './pace.ts';
import { Traffic } from './traffic.ts';
import { compare, type Comparison } from './windows.ts';
import { slowness } from '../slowness.ts';

/** A fault, and what callers of the server that has it are to hear. */
export interface Fault {
  /** The name of the server in the config, and of its tools. */
  readonly server: string;
  /** Codes of the answers that may come; `undefined` for one that is well. */
  readonly codes: readonly (string | undefined)[];
  /** What the words of at least one answer must say, and those of others may. */
  readonly says: RegExp;
  readonly perSecond?: number;
  readonly inFlight?: number;
  /** Windows of time with the fault: fewer and longer ones where a call takes seconds. */
  readonly windows?: number;
  readonly windowMs?: number;
  /** Started by hand again all the time, and not only before each window. */
  readonly isStartedAgain?: boolean;
}

/**
 * The p95 may change by less than a tenth. Whoever waits for tools waits for what these do, so each call takes 25 ms at its server, as
 * one that reads some files does; with a tool that does nothing, a tenth would be less than the system needs to give a core to another process.
 * On a machine that is slow just now, processes that start cost them more, by as much.
 */
export const LIMIT = 1 + 0.1 * slowness(3);
const WORK_MS = 25;
/** A machine that has other work: more measures, before a test fails for it. */
const MEASURES = 5;

/** To each of the two servers that are well, whether those before have been answered or not. */
const CALLS_PER_SECOND = 100;
const WINDOW_MS = 600;
const WINDOWS = 4;
const WARM_UP_WINDOWS = 3;
/** Calls to the server that is not well. */
const PER_SECOND = 20;
const IN_FLIGHT = 4;
/** By hand, beside those of the hub's own, which come with growing pauses. With two of them it was 0.7 to 16 % on slow hours, with four 9 to 19 % (docs/reliability.md). */
const STARTS_PER_SECOND = 1;

/** A hub with two servers that are well, `a` and `b`, their clients, and somebody who calls the others. */
export class Neighbours {
  readonly hub: HubProcess;
  readonly #a: Caller;
  readonly #b: Caller;
  readonly #other: Caller;

  private constructor(hub: HubProcess, [a, b, other]: readonly [Caller, Caller, Caller]) {
    this.hub = hub;
    this.#a = a;
    this.#b = b;
    this.#other = other;
  }

  /** With connections made and code compiled. */
  static async of(hub: HubProcess): Promise<Neighbours> {
    const callers = await Promise.all([
      Caller.connect(hub.url, 'modern'),
      Caller.connect(hub.url, 'legacy'),
      Caller.connect(hub.url, 'modern'),
    ]);
    const neighbours = new Neighbours(hub, callers);
    for (let n = 0; n < WARM_UP_WINDOWS; n += 1) await neighbours.#load(WINDOW_MS);
    return neighbours;
  }

  /** What the fault of one server does to the calls of the others, and to its own. */
  async suffer(fault: Fault): Promise<{ readonly comparison: Comparison; readonly outcomes: readonly Outcome[] }> {
    const { server, perSecond = PER_SECOND, inFlight = IN_FLIGHT, windows = WINDOWS, windowMs = WINDOW_MS } = fault;
    const traffic = new Traffic(() => this.#other.call(`${server}__work`), { perSecond, inFlight });
    const starts = new Traffic(() => tell(this.hub, 'start', server), { perSecond: STARTS_PER_SECOND, inFlight: 1 });
    const comparison = await compare(
      {
        windows,
        load: () => this.#load(windowMs),
        begin: async () => {
          await tell(this.hub, 'start', server);
          traffic.begin();
          if (fault.isStartedAgain) starts.begin();
        },
        end: async () => {
          await Promise.all([traffic.end(), starts.end()]);
          await tell(this.hub, 'stop', server);
        },
      },
      LIMIT,
      MEASURES,
    );
    return { comparison, outcomes: traffic.outcomes };
  }

  complaints(): Promise<string[]> {
    return complaintsAbout(this.hub);
  }

  async close(): Promise<void> {
    await Promise.all([this.#a.close(), this.#b.close(), this.#other.close()]);
  }

  async #load(windowMs: number): Promise<readonly number[]> {
    const loads = [this.#a, this.#b].map((caller, at) =>
      paced(CALLS_PER_SECOND, windowMs, () => caller.call(at === 0 ? 'a__work' : 'b__work', { pauseMs: WORK_MS })),
    );
    const outcomes = (await Promise.all(loads)).flat();
    const failed = outcomes.find(({ code }) => code !== undefined);
    if (failed) throw new Error(`A call to a server that is well failed: ${failed.words}`);
    return outcomes.map(({ tookMs }) => tookMs);
  }
}

/** One line of figures for whoever reads the output of the tests. */
export function inWords(name: string, { ratio, quietP95Ms, faultP95Ms, measures }: Comparison): string {
  const change = `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)} %`;
  return `${name.padEnd(28)} ${change.padStart(8)}  ${quietP95Ms.toFixed(1)} ms -> ${faultP95Ms.toFixed(1)} ms  (measured ${measures} x)`;
}

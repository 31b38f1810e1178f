import { type Clock, LiveSet, type Placed } from '../../base/index.ts';
import type { AskingTools, Called } from './asking-tools.ts';
import { isOfSession, type Situation } from './placement.ts';
import { isAboutTasks } from './task-places.ts';
import { MAX_STRAGGLERS, Recent, STRAGGLE_MS } from './recent.ts';

/** One call on the main connection. */
export interface Use extends Placed {
  /** Absent for a modern call, which is a client of its own. */
  readonly client: string | undefined;
  readonly called: Called;
  asks: boolean;
}

/** Who uses the connection that all clients of a server share, and who has. */
export class MainUse {
  readonly #uses = new LiveSet<Use>();
  readonly #residents = new Set<string>();
  /** Nothing else of them is kept: a call holds on to much. */
  readonly #stragglers: Recent<Pick<Use, 'client'>>;
  #asking = 0;

  constructor(clock: Clock) {
    this.#stragglers = new Recent({ clock, forMs: STRAGGLE_MS, limit: MAX_STRAGGLERS });
  }

  /** How it looks to a call of `client`. */
  seenBy(client: string | undefined, asks: boolean): Situation['main'] {
    const resides = client !== undefined && this.#residents.has(client);
    const isOther = (use: Pick<Use, 'client'>): boolean => client === undefined || use.client !== client;
    return {
      resides,
      othersReside: this.#residents.size > (resides ? 1 : 0),
      // Only what asks has to know, and only then is it worth looking through all of them.
      othersInFlight: asks && [...this.#uses, ...this.#stragglers.all()].some(isOther),
      othersAsking: this.#asking > 0 && [...this.#uses].some((use) => use.asks && isOther(use)),
    };
  }

  begin(client: string | undefined, called: Called, asks: boolean): Use {
    const use: Use = { client, called, asks };
    this.#uses.add(use);
    // Its task may be all that a client has here, and the last thing that is said of it may come after the end of its session.
    if (client !== undefined && !isAboutTasks(called)) this.#residents.add(client);
    if (asks) this.#asking += 1;
    return use;
  }

  /** @param answered false when the server may still work on it */
  end(use: Use, answered: boolean): void {
    this.#uses.delete(use);
    if (use.asks) this.#asking -= 1;
    if (!answered) this.#stragglers.add({ client: use.client });
  }

  /** Calls in flight turned out to ask. */
  learned(asking: AskingTools): void {
    for (const use of this.#uses) {
      if (use.asks || !asking.has(use.called)) continue;
      use.asks = true;
      this.#asking += 1;
    }
  }

  /** The client goes elsewhere from now on. */
  leave(client: string): void {
    this.#residents.delete(client);
  }

  endSession(sessionId: string): void {
    for (const client of this.#residents) if (isOfSession(client, sessionId)) this.#residents.delete(client);
  }
}

import { type Clock, HubError, waitAtMost } from '../../base/index.ts';

/** What authorization servers were sent that is good for one use, a refresh token or a code: with the answer the login would be lost. */
export class Exchanges {
  readonly #clock: Clock;
  /** Until what came of it is kept; and the server whose login it is. */
  readonly #open = new Map<Promise<unknown>, string>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws HubError SHUTTING_DOWN once it is closed: there would be nobody to take the answer */
  begin(server: string, exchange: Promise<unknown>): void {
    if (this.#isClosed) {
      throw new HubError('SHUTTING_DOWN', `The hub is stopping; the login at server "${server}" stays as it is.`, { details: { server } });
    }
    this.#open.set(exchange, server);
    const over = (): void => void this.#open.delete(exchange);
    exchange.then(over, over);
  }

  /** Lets no more begin, and waits for those that have. @returns the servers whose logins did not get their answer in time */
  async close(withinMs: number): Promise<readonly string[]> {
    this.#isClosed = true;
    if (this.#open.size > 0) await waitAtMost(Promise.allSettled(this.#open.keys()), { clock: this.#clock, atMostMs: withinMs });
    return [...new Set(this.#open.values())];
  }
}

/** What one login does with its authorization server, one after the other. */
export class ExchangeTurns {
  readonly #server: string;
  readonly #all: Exchanges;
  #last: Promise<unknown> = Promise.resolve();
  #current: Promise<unknown> = this.#last;

  /** @param server whose login it is */
  constructor(server: string, all: Exchanges) {
    this.#server = server;
    this.#all = all;
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    const done: Promise<T> = this.#last.then(() => {
      this.#current = done;
      return work();
    });
    this.#last = done.catch(() => {
      // Whoever asked for it hears of the failure.
    });
    return done;
  }

  /** Whose turn it is sends now what is good for one use. @throws HubError SHUTTING_DOWN */
  spend(): void {
    this.#all.begin(this.#server, this.#current);
  }
}

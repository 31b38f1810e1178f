import { type Clock, deferred, waitAtMost } from '../../base/index.ts';
import type { HttpExchange } from './http-exchange.ts';

/** How long an `initialize` that nobody waits for any more may take to be answered, in milliseconds. */
const LAST_ANSWER_MS = 2_000;

/** An `initialize` whose start has been given up. The server makes a session of it all the same, and nobody else would end that. */
export class Opening {
  readonly exchange: HttpExchange;
  readonly #clock: Clock;
  readonly #over = deferred<void>();

  constructor(exchange: HttpExchange, clock: Clock) {
    this.exchange = exchange;
    this.#clock = clock;
  }

  /** That among the exchanges, if one is not answered. */
  static among(exchanges: readonly HttpExchange[], clock: Clock): Opening | undefined {
    const exchange = exchanges.find(({ sending, isAnswered }) => sending.request.method === 'initialize' && !isAnswered);
    return exchange && new Opening(exchange, clock);
  }

  /** The exchange has ended. */
  over(): void {
    this.#over.resolve();
  }

  /** The session that the server has named, or names within a moment; `undefined` when it does not. Ends the exchange; never rejects. */
  async session(): Promise<string | undefined> {
    if (this.exchange.newSessionId === undefined) await waitAtMost(this.#over.promise, { clock: this.#clock, atMostMs: LAST_ANSWER_MS });
    this.exchange.close();
    return this.exchange.newSessionId;
  }
}

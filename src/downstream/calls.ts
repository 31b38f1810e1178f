import { HubError, type Logger, toHubError } from '../base/index.ts';
import type { Answer, Call, Gateway } from '../gateway/index.ts';
import { rpcErrorOf } from '../protocol/index.ts';

/** Everything of a call but its signal, which belongs to {@link Calls}. */
export type CallRequest = Omit<Call, 'signal'>;

export interface CallCounts {
  readonly running: number;
  /** Ever begun. */
  readonly begun: number;
}

/** The calls in flight, of every client. */
export class Calls {
  readonly #gateway: Gateway;
  readonly #logger: Logger;
  readonly #running = new Set<AbortController>();
  #begun = 0;
  #closed = false;

  constructor(gateway: Gateway, logger: Logger) {
    this.#gateway = gateway;
    this.#logger = logger;
  }

  get counts(): CallCounts {
    return { running: this.#running.size, begun: this.#begun };
  }

  /**
   * Makes one call. Resolves with its answer, with a SHUTTING_DOWN error when the hub stops before that, or with
   * `undefined` at once when `controller` is aborted: the client took the call back and nobody waits for an answer.
   */
  async run(request: CallRequest, controller: AbortController): Promise<Answer | undefined> {
    if (this.#closed) return failure(shuttingDown());
    const { signal } = controller;
    if (signal.aborted) return undefined;
    this.#running.add(controller);
    this.#begun += 1;
    let giveUp: (() => void) | undefined;
    const aborted = new Promise<undefined>((resolve) => {
      giveUp = () => resolve(undefined);
      signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      const answer = await Promise.race([this.#forward({ ...request, signal }), aborted]);
      return this.#closed && signal.aborted ? failure(shuttingDown()) : answer;
    } finally {
      this.#running.delete(controller);
      if (giveUp) signal.removeEventListener('abort', giveUp);
    }
  }

  /** Aborts every call; each is answered with SHUTTING_DOWN. No call is made after this. */
  close(): void {
    this.#closed = true;
    for (const controller of this.#running) controller.abort(shuttingDown());
  }

  async #forward(call: Call): Promise<Answer> {
    try {
      return await this.#gateway.call(call);
    } catch (error) {
      // A gateway answers failures, it does not throw them: this is a mistake in the hub.
      this.#logger.error(`${call.method} failed inside the hub`, { code: 'UNHANDLED_ERROR', reason: String(error) });
      return failure(toHubError(error));
    }
  }
}

const shuttingDown = (): HubError => new HubError('SHUTTING_DOWN', 'The hub is stopping. Send the request again once it runs again.');

function failure(error: HubError): Answer {
  return { era: 'hub', outcome: { error: rpcErrorOf(error) }, failure: error };
}

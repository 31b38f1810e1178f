import { type Clock, type Logger, messageOf, waitAtMost } from '../../base/index.ts';
import type { JsonObject, RequestId } from '../../protocol/index.ts';

/** How long the end of a connection waits for them to be delivered, in milliseconds. */
const FAREWELL_MS = 500;

export interface CancellationsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Rejects when it was not delivered. */
  readonly notify: (method: string, params: JsonObject) => Promise<void>;
}

/** The `notifications/cancelled` of one connection. */
export class Cancellations {
  readonly #options: CancellationsOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: CancellationsOptions) {
    this.#options = options;
  }

  /** Tells the server that nobody waits for the answer to this request any more. */
  tell(requestId: RequestId, reason: string): void {
    const told = this.#tell(requestId, reason).finally(() => this.#underWay.delete(told));
    this.#underWay.add(told);
  }

  /** Resolves when all are delivered, or were not within a moment. */
  async delivered(): Promise<void> {
    if (this.#underWay.size === 0) return;
    await waitAtMost(Promise.all(this.#underWay), { clock: this.#options.clock, atMostMs: FAREWELL_MS });
  }

  async #tell(requestId: RequestId, reason: string): Promise<void> {
    const { notify, logger } = this.#options;
    try {
      await notify('notifications/cancelled', { requestId, reason });
    } catch (error) {
      logger.debug('A cancellation could not be delivered', { error: messageOf(error) });
    }
  }
}

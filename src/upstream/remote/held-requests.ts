import type { Clock, Disposable, HubError } from '../../base/index.ts';
import type { RequestId, RequestMessage } from '../../protocol/index.ts';
import type { SendOptions, Withdrawn } from '../connection/transport.ts';
import { notRun } from '../not-run.ts';

/** How long a server that takes no connections is taken to be restarting, in milliseconds; longer is an outage. */
const RESTARTING_MS = 15_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;

/** A request on its way, with what became of it so far. */
export interface Sending {
  readonly request: RequestMessage;
  readonly options: SendOptions;
  /** How often it was refused for its session, and sent again in a new one. */
  readonly refusals: number;
}

export interface HeldRequestsOptions {
  readonly clock: Clock;
  readonly send: (sending: Sending) => void;
  readonly fail: (id: RequestId, error: HubError) => void;
  /** The server has been away for too long; nothing is held any more. */
  readonly onOutage: (error: HubError) => void;
}

/**
 * Requests that provably did not run, since the server refused the connection or did not know the session, until they can be
 * sent again. Each is bounded by its own time limits as well, which withdraw it.
 */
export class HeldRequests {
  readonly #options: HeldRequestsOptions;
  readonly #held = new Map<RequestId, Sending>();
  #retry: Disposable | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** While the server takes no connection. */
  #away: { readonly sinceMs: number; readonly error: HubError } | undefined;

  constructor(options: HeldRequestsOptions) {
    this.#options = options;
  }

  hold(sending: Sending): void {
    this.#held.set(sending.request.id, sending);
  }

  /** The server took no connection: the request is tried again in a moment, or fails when the server has been away for too long. */
  unreachable(sending: Sending, error: HubError): void {
    const { clock, fail, onOutage } = this.#options;
    const { sinceMs } = (this.#away = { sinceMs: this.#away?.sinceMs ?? clock.now(), error });
    if (sending.options.hasOtherPlaces) {
      fail(sending.request.id, notRun(error));
      return onOutage(error);
    }
    this.hold(sending);
    if (clock.now() - sinceMs >= RESTARTING_MS) {
      this.failAll(error);
      onOutage(error);
      return;
    }
    this.#retry ??= clock.after(this.#retryMs, () => {
      this.#retry = undefined;
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
      this.release();
    });
  }

  /** The server took a connection. */
  reached(): void {
    if (!this.#away) return;
    this.#away = undefined;
    this.#retryMs = FIRST_RETRY_MS;
  }

  /** Sends all of them. */
  release(): void {
    const all = [...this.#held.values()];
    this.#held.clear();
    for (const sending of all) this.#options.send(sending);
  }

  /** Nobody waits for it any more. `undefined` when it is not held. */
  withdraw(id: RequestId): Withdrawn | undefined {
    return this.#held.delete(id) ? { refusal: this.#away?.error } : undefined;
  }

  /** None of them has run, and none will. */
  failAll(error: HubError): void {
    this.#retry?.dispose();
    this.#retry = undefined;
    const ids = [...this.#held.keys()];
    this.#held.clear();
    for (const id of ids) this.#options.fail(id, notRun(error));
  }
}

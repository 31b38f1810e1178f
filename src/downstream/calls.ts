import {
  CancelController,
  type Clock,
  HubError,
  isHubError,
  type Logger,
  toHubError,
  withDeadline,
  LiveSet,
  type Placed,
} from '../base/index.ts';
import type { Answer, Call, Gateway } from '../gateway/index.ts';
import { rpcErrorOf } from '../protocol/index.ts';

/** Takes a call back. Beside those who listen to its signal it tells whoever waits for the answer, without the cost of one more listener. */
export class CallController extends CancelController implements Placed {
  place: number | undefined;
  #tell: (() => void) | undefined;

  override abort(reason: HubError): void {
    super.abort(reason);
    this.#tell?.();
  }

  /** Tells of being aborted, from now on and to nobody else. */
  whenAborted(tell: (() => void) | undefined): void {
    this.#tell = tell;
  }
}

export interface CallCounts {
  readonly running: number;
  /** Ever begun. */
  readonly begun: number;
}

/** The calls in flight, of every client. */
export class Calls {
  readonly #gateway: Gateway;
  readonly #logger: Logger;
  readonly #running = new LiveSet<CallController>();
  #begun = 0;
  #closed = false;
  #limitMs = 0;
  #onIdle: (() => void) | undefined;

  constructor(gateway: Gateway, logger: Logger) {
    this.#gateway = gateway;
    this.#logger = logger;
  }

  get counts(): CallCounts {
    return { running: this.#running.size, begun: this.#begun };
  }

  /**
   * Makes one call, whose signal is the controller's. Resolves with its answer, with a SHUTTING_DOWN error when the hub stops before
   * that, or with `undefined` at once when `controller` is aborted: the client took the call back and nobody waits for an answer.
   */
  run(call: Call, controller: CallController): Promise<Answer | undefined> {
    if (this.#closed) return Promise.resolve(failure(shuttingDown()));
    const { signal } = controller;
    if (signal.aborted) return Promise.resolve(undefined);
    this.#running.add(controller);
    this.#begun += 1;
    return new Promise((resolve) => {
      const settle = (answer: Answer | undefined): void => {
        if (!this.#running.delete(controller)) return;
        controller.whenAborted(undefined);
        resolve(this.#closed && isShuttingDown(signal.reason) ? failure(signal.reason) : answer);
        if (this.#running.size === 0) this.#onIdle?.();
      };
      controller.whenAborted(() => settle(undefined));
      this.#gateway.call(call).then(settle, (error: unknown) => settle(this.#mistake(call, error)));
    });
  }

  /** Makes no more calls, and lets those in flight end. Resolves when they have, at the latest after `limitMs`; never rejects. */
  async drain(clock: Clock, limitMs: number): Promise<void> {
    this.#closed = true;
    this.#limitMs = limitMs;
    if (this.#running.size === 0 || limitMs === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await withDeadline(idle, { clock, timeoutMs: limitMs, onTimeout: shuttingDown }).catch(() => {
      // Expected: the limit. What is still in flight is aborted by `close`.
    });
  }

  /** Aborts every call; each is answered with SHUTTING_DOWN. No call is made after this. */
  close(): void {
    this.#closed = true;
    for (const controller of this.#running) controller.abort(cutOff(this.#limitMs));
  }

  /** A gateway answers failures, it does not throw them: this is a mistake in the hub. */
  #mistake({ method }: Call, error: unknown): Answer {
    this.#logger.error(`${method} failed inside the hub`, { code: 'UNHANDLED_ERROR', reason: String(error) });
    return failure(toHubError(error));
  }
}

const shuttingDown = (): HubError => new HubError('SHUTTING_DOWN', 'The hub is stopping. Send the request again once it runs again.');

function cutOff(limitMs: number): HubError {
  const message =
    `The hub is stopping, and the call was not answered within ${limitMs} ms ("shutdownTimeout"); it was taken back. ` +
    'Look whether it has had an effect before you send it again.';
  return new HubError('SHUTTING_DOWN', message, { details: { setting: 'shutdownTimeout', timeoutMs: limitMs } });
}

function isShuttingDown(reason: unknown): reason is HubError {
  return isHubError(reason, 'SHUTTING_DOWN');
}

function failure(error: HubError): Answer {
  return { era: 'hub', outcome: { error: rpcErrorOf(error) }, failure: error };
}

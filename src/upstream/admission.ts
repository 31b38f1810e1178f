import { type Clock, deferred, HubError } from '../base/index.ts';
import type { QueueLimits, ServerDefinition } from '../config/index.ts';
import { withTimeLimits } from './call-limits.ts';
import { FairQueue } from './fair-queue.ts';
import { isAboutTasks } from './sharing/task-places.ts';
import type { Load, UpstreamAnswer, UpstreamRequest } from './types.ts';

type Send = (request: UpstreamRequest) => Promise<UpstreamAnswer>;

export interface AdmissionOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly clock: Clock;
  /** As it is now: the limits may change while requests wait. */
  readonly definition: () => ServerDefinition;
  /** Sends a request that has its turn; every time limit of its own begins then. */
  readonly send: Send;
}

/** One that waits. */
interface Waiting {
  readonly admit: () => void;
  readonly refuse: (error: HubError) => void;
}

/**
 * Lets no more requests of clients through to a server than its `maxConcurrency` says; the others wait for their turn, in
 * rotation of principals and of their sessions. Where nothing is limited the calls are only counted, so that a limit that is set
 * meanwhile knows of them.
 *
 * The hub's own requests do not come this way. Those about tasks pass at once, since one of them may be what ends a call
 * that others wait for; a task that goes on after its call was answered is the server's own affair. What waits has not been
 * sent: it outlives restarts of the server, and may be tried again when it is refused.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #queue = new FairQueue<Waiting>();
  #running = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** How many requests of clients have their turn, and how many wait for it. */
  get load(): Load {
    return { running: this.#running, waiting: this.#queue.size };
  }

  /**
   * Sends a request when it is its turn.
   *
   * @throws HubError LIMIT_EXCEEDED when it was not sent because of `maxQueue` or `queueTimeout`, CANCELLED when it was taken
   * back before that; else as {@link AdmissionOptions.send}
   */
  request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const definition = this.#options.definition();
    const limited = withTimeLimits(request, definition);
    if (isAboutTasks(limited)) return this.#options.send(limited);
    if (definition.queue !== undefined) return this.#inTurn(limited, definition.queue);
    this.#running += 1;
    return this.#sendCounted(limited);
  }

  /** The limits are others now: more may be let through. */
  changed(): void {
    const { maxConcurrency } = this.#options.definition().queue ?? { maxConcurrency: Infinity };
    while (this.#running < maxConcurrency) {
      const next = this.#queue.take();
      if (!next) return;
      this.#running += 1;
      next.admit();
    }
  }

  async #inTurn(request: UpstreamRequest, limits: QueueLimits): Promise<UpstreamAnswer> {
    if (request.signal.aborted) throw this.#takenBack(request);
    if (this.#running < limits.maxConcurrency) this.#running += 1;
    else await this.#turn(request, limits);
    return await this.#sendCounted(request);
  }

  /** Sends a request that is among the running ones already. */
  #sendCounted(request: UpstreamRequest): Promise<UpstreamAnswer> {
    return this.#options.send(request).then(
      (answer) => {
        this.#ended();
        return answer;
      },
      (error: unknown) => {
        this.#ended();
        throw error;
      },
    );
  }

  #ended(): void {
    this.#running -= 1;
    if (this.#queue.size > 0) this.changed();
  }

  /** Resolves when the request has its turn, which is counted then. */
  async #turn(request: UpstreamRequest, { maxConcurrency, maxQueue, queueTimeoutMs }: QueueLimits): Promise<void> {
    const { clock } = this.#options;
    const { principalId, sessionId = '' } = request.origin;
    if (this.#queue.size >= maxQueue) this.#makeRoom(principalId, sessionId, maxConcurrency, maxQueue);
    const turn = deferred<void>();
    const waiting: Waiting = { admit: () => turn.resolve(), refuse: (error) => turn.reject(error) };
    const giveUp = (error: HubError): void => {
      this.#queue.delete(principalId, sessionId, waiting);
      turn.reject(error);
    };
    const onAbort = (): void => giveUp(this.#takenBack(request));
    const timer = clock.after(queueTimeoutMs, () => giveUp(this.#waitedTooLong(maxConcurrency, queueTimeoutMs)));
    request.signal.addEventListener('abort', onAbort, { once: true });
    this.#queue.add(principalId, sessionId, waiting);
    try {
      await turn.promise;
    } finally {
      timer.dispose();
      request.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Room for one more of a client, at the cost of one that has more. @throws HubError LIMIT_EXCEEDED when there is none */
  #makeRoom(principalId: string, sessionId: string, maxConcurrency: number, maxQueue: number): void {
    const own = this.#queue.sizeOf(principalId, sessionId);
    // With one more of this client's, the other still has not less.
    const loser = this.#queue.takeFromLongest(own + 2);
    const error = this.#queueFull(maxConcurrency, maxQueue);
    if (!loser) throw error;
    loser.refuse(error);
  }

  #queueFull(maxConcurrency: number, maxQueue: number): HubError {
    const { id } = this.#options;
    const message =
      `Server "${id}" works on ${maxConcurrency} requests at once ("maxConcurrency") and ${maxQueue} more wait already ("maxQueue"); ` +
      'this one was not sent. Try again later, or raise one of the two in its entry.';
    return new HubError('LIMIT_EXCEEDED', message, { details: { server: id, setting: 'maxQueue', maxConcurrency, maxQueue } });
  }

  #waitedTooLong(maxConcurrency: number, queueTimeoutMs: number): HubError {
    const { id } = this.#options;
    const message =
      `Server "${id}" works on ${maxConcurrency} requests at once ("maxConcurrency"), and this one had no turn within ${queueTimeoutMs} ms ("queueTimeout"); ` +
      'it was not sent. Try again later, or raise one of the two in its entry.';
    return new HubError('LIMIT_EXCEEDED', message, { details: { server: id, setting: 'queueTimeout', maxConcurrency, queueTimeoutMs } });
  }

  #takenBack({ method }: UpstreamRequest): HubError {
    const { id } = this.#options;
    return new HubError('CANCELLED', `The request "${method}" to server "${id}" was taken back before it was sent.`, {
      details: { server: id, method },
    });
  }
}

import { type Clock, type Deferred, deferred } from '../base/index.ts';
import {
  type Message,
  notification,
  type Outcome,
  outcomeOf,
  request,
  type RequestId,
  type ResponseMessage,
  rpcCode,
  type ServerRequest,
} from '../protocol/index.ts';

/** How long a client may take to answer, in milliseconds: there is a person behind it. */
const ANSWER_WITHIN_MS = 600_000;
/** Most open questions of one session. */
const MAX_OPEN = 100;

/** Sends a message to the client on the stream of one call; false when nobody will get it. */
export type Push = (message: Message) => boolean;

/** The requests that one session has sent to its client and that wait for an answer. */
export class Questions {
  readonly #clock: Clock;
  readonly #open = new Map<RequestId, Deferred<Outcome>>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Sends one request and waits for its answer, which may come by any POST of the session. Never rejects: when there is no
   * answer in time, or `signal` aborts, the client is told that it is not waited for and the outcome is an error.
   */
  async ask({ method, params }: ServerRequest, push: Push, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return unanswered(`"${method}" was taken back.`);
    if (this.#open.size >= MAX_OPEN) return unanswered(`The client has ${MAX_OPEN} requests of servers to answer already.`);
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = deferred<Outcome>();
    this.#open.set(id, answer);
    const giveUp = (reason: string): void => {
      push(notification('notifications/cancelled', { requestId: id, reason }));
      answer.resolve(unanswered(reason));
    };
    const onAbort = (): void => giveUp(`"${method}" was taken back.`);
    const timer = this.#clock.after(ANSWER_WITHIN_MS, () => giveUp(`The client did not answer "${method}" within 10 minutes.`));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (!push(request(id, method, params))) return unanswered(`The client could not be reached for "${method}": it reads no stream.`);
      return await answer.promise;
    } finally {
      this.#open.delete(id);
      timer.dispose();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes an answer of the client's; one to a question that is not open is ignored. */
  answer(response: ResponseMessage): void {
    if (response.id !== undefined && response.id !== null) this.#open.get(response.id)?.resolve(outcomeOf(response));
  }
}

function unanswered(message: string): Outcome {
  return { error: { code: rpcCode.internalError, message } };
}

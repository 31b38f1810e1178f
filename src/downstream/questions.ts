import { type CancelSignal, type Clock, type Deferred, deferred } from '../base/index.ts';
import {
  type JsonObject,
  type Message,
  notification,
  type NotificationMessage,
  type Outcome,
  givenReason,
  outcomeOf,
  patchMeta,
  type ProgressToken,
  progressTokenOf,
  request,
  type RequestId,
  type ResponseMessage,
  rpcCode,
  type ServerRequest,
} from '../protocol/index.ts';

/** How long a client may take to answer, in milliseconds: there is a person behind it. Progress on the answer starts it anew. */
const ANSWER_WITHIN_MS = 600_000;
/** Most open questions of one session. */
const MAX_OPEN = 100;

/** Sends a message to the client on the stream of one call; false when nobody will get it. */
export type Push = (message: Message) => boolean;

interface Open {
  readonly answer: Deferred<Outcome>;
  /** Takes the client's progress on its answer; it ends with its question. */
  progress(params: JsonObject): void;
}

export interface QuestionOptions {
  readonly push: Push;
  /** Takes the question back. */
  readonly signal: CancelSignal;
  /** Gets the progress on the answer, with the token that the question came with. */
  readonly tell?: ((progress: NotificationMessage) => void) | undefined;
}

/** The requests that one session has sent to its client and that wait for an answer. */
export class Questions {
  readonly #clock: Clock;
  readonly #open = new Map<RequestId, Open>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Sends one request and waits for its answer, which may come by any POST of the session. Never rejects: when there is no
   * answer in time, or `signal` aborts, the client is told that it is not waited for and the outcome is an error.
   */
  async ask({ method, params }: ServerRequest, { push, signal, tell }: QuestionOptions): Promise<Outcome> {
    if (signal.aborted) return unanswered(`"${method}" was taken back.`);
    if (this.#open.size >= MAX_OPEN) return unanswered(`The client has ${MAX_OPEN} requests of servers to answer already.`);
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = deferred<Outcome>();
    const giveUp = (reason: string): void => {
      push(notification('notifications/cancelled', { requestId: id, reason }));
      answer.resolve(unanswered(reason));
    };
    const onAbort = (): void => giveUp(givenReason(signal.reason) ?? `"${method}" was taken back.`);
    const late = (): void => giveUp(`The client did not answer "${method}" within 10 minutes.`);
    let timer = this.#clock.after(ANSWER_WITHIN_MS, late);
    const token = progressTokenOf(params);
    this.#open.set(id, {
      answer,
      progress: (progress) => {
        if (token === undefined) return;
        timer.dispose();
        timer = this.#clock.after(ANSWER_WITHIN_MS, late);
        tell?.(notification('notifications/progress', { ...progress, progressToken: token }));
      },
    });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (!push(request(id, method, withToken(params, token, id))))
        return unanswered(`The client could not be reached for "${method}": it reads no stream.`);
      return await answer.promise;
    } finally {
      this.#open.delete(id);
      timer.dispose();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes an answer of the client's; one to a question that is not open is ignored. */
  answer(response: ResponseMessage): void {
    if (response.id !== undefined && response.id !== null) this.#open.get(response.id)?.answer.resolve(outcomeOf(response));
  }

  /** Takes `notifications/progress` of the client on one of its answers; any other is ignored. */
  progress(params: JsonObject = {}): void {
    const token = params['progressToken'];
    if (typeof token === 'number') this.#open.get(token)?.progress(params);
  }
}

/** Tokens of different servers may be equal, so the client gets one of the hub's own: the id of the question. */
function withToken(params: JsonObject | undefined, token: ProgressToken | undefined, own: number): JsonObject | undefined {
  return params && token !== undefined ? patchMeta(params, { progressToken: own }) : params;
}

function unanswered(message: string): Outcome {
  return { error: { code: rpcCode.internalError, message } };
}

import { isRequestId, type NotificationMessage, type Outcome, type RequestId, type RequestMessage, rpcCode } from '../protocol/index.ts';
import type { CallInFlight } from './requester.ts';

export interface ServerRequestsOptions {
  /** The server's name, for messages. */
  readonly id: string;
  /** The calls that a request may belong to, by the stream that it came on. */
  readonly callsFor: (via: RequestId | undefined) => readonly CallInFlight[];
}

/**
 * What a legacy server asks of its client: sampling, elicitation, roots. Every request goes to the client whose call
 * caused it and to nobody else; where there is none, or it cannot be told which, the server gets an error at once.
 */
export class ServerRequests {
  readonly #options: ServerRequestsOptions;
  readonly #open = new Map<RequestId, AbortController>();

  constructor(options: ServerRequestsOptions) {
    this.#options = options;
  }

  /**
   * The client's answer to a request of the server's; `undefined` when the server took it back and waits for none.
   *
   * @param via the request on whose stream it came, where there are such streams
   */
  async answer({ id, method, params }: RequestMessage, via: RequestId | undefined): Promise<Outcome | undefined> {
    const calls = this.#options.callsFor(via);
    const [call] = calls;
    // The roots of nobody in particular, which some servers ask for before the first call: none.
    if (!call) return method === 'roots/list' ? { result: { roots: [] } } : this.#noCall(method);
    if (calls.length > 1) return this.#ambiguous(method);
    if (!call.askClient) return cannotBeAsked(method);
    const takenBack = new AbortController();
    this.#open.set(id, takenBack);
    const outcome = await call.askClient({ method, params }, takenBack.signal);
    if (this.#open.get(id) === takenBack) this.#open.delete(id);
    return takenBack.signal.aborted ? undefined : outcome;
  }

  /** The server takes one of its requests back. */
  cancelled({ params }: NotificationMessage): void {
    const id = params?.['requestId'];
    if (isRequestId(id)) this.#open.get(id)?.abort();
  }

  #noCall(method: string): Outcome {
    const message = `No call to server "${this.#options.id}" is in flight, so there is no client that "${method}" could be sent to.`;
    return { error: { code: rpcCode.internalError, message } };
  }

  #ambiguous(method: string): Outcome {
    const message =
      `Several calls to server "${this.#options.id}" are in flight, and nothing in "${method}" says which of their clients is meant. ` +
      'Call again when no other call is running.';
    return { error: { code: rpcCode.internalError, message } };
  }
}

function cannotBeAsked(method: string): Outcome {
  const message = `The client of this call cannot be sent requests, as "${method}" would be one.`;
  return { error: { code: rpcCode.methodNotFound, message } };
}

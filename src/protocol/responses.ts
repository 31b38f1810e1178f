import {
  errorMessage,
  isErrorMessage,
  type JsonObject,
  type Outcome,
  type RequestId,
  type ResponseMessage,
  type ResultMessage,
  resultMessage,
} from './envelope.ts';
import { RawResult } from './raw-result.ts';

/** A response whose result is kept as the bytes it came in. */
export class RawResponse implements ResultMessage {
  readonly jsonrpc = '2.0';
  readonly id: RequestId;
  readonly outcome: RawResult;

  constructor(id: RequestId, outcome: RawResult) {
    this.id = id;
    this.outcome = outcome;
  }

  /** As {@link RawResult.result}. */
  get result(): JsonObject {
    return this.outcome.result;
  }

  toJSON(): object {
    const { jsonrpc, id, result } = this;
    return { jsonrpc, id, result };
  }
}

/** The response to a request, with its outcome as it is. */
export function responseMessage(id: RequestId, outcome: Outcome): ResponseMessage {
  if (outcome instanceof RawResult) return new RawResponse(id, outcome);
  return outcome.error ? errorMessage(id, outcome.error) : resultMessage(id, outcome.result);
}

/** The outcome inside a response message. */
export function outcomeOf(message: ResponseMessage): Outcome {
  if (message instanceof RawResponse) return message.outcome;
  return isErrorMessage(message) ? { error: message.error } : { result: message.result };
}

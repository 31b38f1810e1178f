import { parseJson } from '../../base/index.ts';
import {
  type ErrorMessage,
  isErrorMessage,
  isResponse,
  type Message,
  messageOf,
  type ReceivedEvent,
  messagesIn,
} from '../../protocol/index.ts';

/** Hands on the message in a body, or those of a batch. False, and nothing is handed on, when it or one of them is no JSON-RPC message. */
export function receiveBody(body: Buffer, receive: (message: Message) => void): boolean {
  const found = messagesIn(body);
  if (!Array.isArray(found)) {
    if (found) receive(found);
    return found !== undefined;
  }
  const messages = found.filter((message) => message !== undefined);
  if (messages.length < found.length) return false;
  for (const message of messages) receive(message);
  return true;
}

/** Hands on the message of an event. Events of another kind, without data, or with data that is no message are for nobody. */
export function receiveEvent({ event, data }: ReceivedEvent, receive: (message: Message) => void): void {
  if (data !== undefined && (event === undefined || event === 'message')) receiveBody(data, receive);
}

/** The JSON-RPC error that a body is; `undefined` for everything else. */
export function errorIn(body: string): ErrorMessage | undefined {
  try {
    const message = messageOf(parseJson(body));
    return message && isResponse(message) && isErrorMessage(message) ? message : undefined;
  } catch {
    // Expected: SyntaxError, a body that is HTML or plain text.
    return undefined;
  }
}

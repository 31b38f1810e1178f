import { type ErrorMessage, isErrorMessage, isResponse, type Message, messageKind, type ReceivedEvent } from '../../protocol/index.ts';

const BRACKET = 0x5b;
const NO_MESSAGES: readonly Message[] = [];

/** The JSON-RPC messages in a body: one, or a batch, as revision 2025-03-26 had it; `undefined` when it, or one of them, is none. */
export function messagesIn(bytes: Buffer): readonly Message[] | undefined {
  const body = withoutMark(bytes);
  try {
    const isBatch = body.find((byte) => byte > 0x20) === BRACKET;
    const messages = isBatch ? batchIn(body) : [messageIn(body)];
    return messages.every((message) => message !== undefined) ? messages : undefined;
  } catch {
    // Expected: SyntaxError, no JSON at all.
    return undefined;
  }
}

/** The message of an event; none in one of another kind, one without data, and one whose data is no message. */
export function messagesOfEvent({ event, data }: ReceivedEvent): readonly Message[] {
  if (data === undefined || data.length === 0 || (event !== undefined && event !== 'message')) return NO_MESSAGES;
  return messagesIn(data) ?? NO_MESSAGES;
}

/** The JSON-RPC error that a body is; `undefined` for everything else. */
export function errorIn(text: string): ErrorMessage | undefined {
  const [message] = messagesIn(Buffer.from(text)) ?? NO_MESSAGES;
  return message && isResponse(message) && isErrorMessage(message) ? message : undefined;
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** @throws SyntaxError when it is no JSON */
function messageIn(bytes: Buffer): Message | undefined {
  return messageOf(JSON.parse(bytes.toString()));
}

function batchIn(bytes: Buffer): readonly (Message | undefined)[] {
  const values: unknown = JSON.parse(bytes.toString());
  return Array.isArray(values) ? values.map(messageOf) : [];
}

function messageOf(value: unknown): Message | undefined {
  return isMessage(value) ? value : undefined;
}

function isMessage(value: unknown): value is Message {
  return messageKind(value) !== undefined;
}

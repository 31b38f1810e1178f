import { jsonText } from '../base/index.ts';
import type { Message } from './envelope.ts';
import { RawResponse } from './responses.ts';

/** The JSON text of a message: `head`, the bytes of `body` as they are, `tail`. */
export interface MessageParts {
  readonly head: string;
  readonly body?: Buffer;
  readonly tail: string;
}

const LF = 0x0a;
const CR = 0x0d;

/** The JSON text of a message. A result that came as bytes goes out as the same bytes. */
export function messageParts(message: Message | readonly Message[]): MessageParts {
  if (!(message instanceof RawResponse)) return { head: jsonText(message), tail: '' };
  const { head, body } = message.outcome.parts;
  return { head: `{"jsonrpc":"2.0","id":${jsonText(message.id)},"result":${head}`, body, tail: '}' };
}

/** The same where an end of a line ends the message: on one line, whatever it came as. */
export function lineParts(message: Message | readonly Message[]): MessageParts {
  const parts = messageParts(message);
  const isOneLine = !parts.body || (!parts.body.includes(LF) && !parts.body.includes(CR));
  return isOneLine ? parts : { head: jsonText(message), tail: '' };
}

/** The JSON text of a message on one line, as one text. */
export function messageLine(message: Message | readonly Message[]): string {
  const { head, body, tail } = lineParts(message);
  return body ? head + body.toString('utf8') + tail : head + tail;
}

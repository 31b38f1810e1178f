import { isUtf8 } from 'node:buffer';
import { parseJson } from '../base/index.ts';
import type { Message, RequestId } from './envelope.ts';
import { isRequestId, messageKind } from './envelope.ts';
import { afterSpace, scanObject } from './json-scan.ts';
import { RawResult } from './raw-result.ts';
import { RawResponse } from './responses.ts';

/**
 * Reads one JSON-RPC message. A result stays as the bytes it came in ({@link RawResponse}); they are kept, so they must not be
 * written to again. Inside of long texts of a result only their end was looked for.
 *
 * @returns `undefined` for JSON that is no JSON-RPC message
 * @throws SyntaxError for what is no JSON
 */
export function readMessage(bytes: Buffer): Message | undefined {
  const start = afterMark(bytes);
  const raw = rawResponse(bytes, afterSpace(bytes, start));
  if (raw) return raw;
  return messageOf(parseJson(bytes.toString('utf8', start)));
}

/** The message that a value is; `undefined` when it is none. */
export function messageOf(value: unknown): Message | undefined {
  return messageKind(value) === undefined ? undefined : (value as Message);
}

const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;

/**
 * The message that bytes hold, or those of a batch; `undefined` for what is none. Bytes with nothing on them are an empty batch. They
 * are kept, as {@link readMessage} says.
 */
export function messagesIn(bytes: Buffer): Message | undefined | (Message | undefined)[] {
  const start = afterSpace(bytes, afterMark(bytes));
  const first = bytes[start];
  if (first === undefined) return [];
  // What cannot be a message is not parsed: an exception costs time.
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return undefined;
  try {
    return first === OPEN_OBJECT ? readMessage(bytes) : batch(parseJson(bytes.toString('utf8', start)));
  } catch {
    // Expected: SyntaxError, a server that prints other things on standard output.
    return undefined;
  }
}

/** Batches are gone since revision 2025-06-18; servers of 2025-03-26 may still send them. */
function batch(values: unknown): Message | undefined | (Message | undefined)[] {
  return Array.isArray(values) && values.length > 0 ? values.map((value) => messageOf(value)) : undefined;
}

/** Texts may begin with a mark that says which byte comes first (RFC 8259, 8.1). */
function afterMark(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function rawResponse(bytes: Buffer, start: number): RawResponse | undefined {
  const members = scanObject(bytes, start, 'result');
  const result = members?.opened;
  if (!result || members.has('method') || (members.text('error') ?? 'null') !== 'null' || members.text('jsonrpc') !== '"2.0"')
    return undefined;
  if (afterSpace(bytes, members.end) < bytes.length) return undefined;
  const id = idOf(members.text('id'));
  return id === undefined || !isUtf8(bytes) ? undefined : new RawResponse(id, new RawResult(result));
}

function idOf(text: string | undefined): RequestId | undefined {
  if (text === undefined) return undefined;
  const value: unknown = /^\d{1,15}$/.test(text) ? Number(text) : JSON.parse(text);
  return isRequestId(value) ? value : undefined;
}

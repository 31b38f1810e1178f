import { isUtf8 } from 'node:buffer';
import type { Message, RequestId } from './envelope.ts';
import { isRequestId, messageKind } from './envelope.ts';
import { afterSpace, scanObject } from './json-scan.ts';
import { RawResult } from './raw-result.ts';
import { RawResponse } from './responses.ts';

/** Texts may begin with a mark that says which byte comes first (RFC 8259, 8.1). */
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Reads one JSON-RPC message. A result stays as the bytes it came in ({@link RawResponse}); they are kept, so they must not be
 * written to again. Inside of long texts of a result only their end was looked for.
 *
 * @returns `undefined` for JSON that is no JSON-RPC message
 * @throws SyntaxError for what is no JSON
 */
export function readMessage(bytes: Buffer): Message | undefined {
  const start = BOM.every((byte, at) => bytes[at] === byte) ? BOM.length : 0;
  const raw = rawResponse(bytes, afterSpace(bytes, start));
  if (raw) return raw;
  const value: unknown = JSON.parse(bytes.toString('utf8', start));
  return messageOf(value);
}

/** The message that a value is; `undefined` when it is none. */
export function messageOf(value: unknown): Message | undefined {
  return messageKind(value) === undefined ? undefined : (value as Message);
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

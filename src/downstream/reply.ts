import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type HubError, jsonText } from '../base/index.ts';
import { errorMessage, type Message, messageParts } from '../protocol/index.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';
import { limitUnread } from './unread.ts';

/** A result that is shorter is quicker to write as one text with what is around it than in three pieces, in bytes. */
const SHORT_BYTES = 4_096;

type Headers = Readonly<Record<string, string>>;

/** Ends an answer, and its connection when the client does not take what still waits to be read by it. */
export function endAnswer(res: ServerResponse, last = ''): void {
  res.end(last);
  // Most answers have gone out whole by now.
  if (res.writableLength > 0) limitUnread(res);
}

/** One whole JSON answer. Does nothing when the client is gone or an answer has begun. */
export function sendJson(res: ServerResponse, status: number, body: Message | readonly Message[], headers?: Headers): void {
  if (res.headersSent || res.destroyed) return;
  const { head, body: middle, tail } = messageParts(body);
  const length = Buffer.byteLength(head) + (middle?.length ?? 0) + Buffer.byteLength(tail);
  res.writeHead(status, headers ? { ...headers, ...jsonHeaders(length) } : jsonHeaders(length));
  if (!middle || middle.length < SHORT_BYTES) return endShort(res, head + (middle?.toString('utf8') ?? '') + tail);
  // They wait for the end of the answer, and go out in one go.
  res.write(head);
  res.write(middle);
  endAnswer(res, tail);
}

/** Node's `end(text)` writes the text and, after it, an empty one, as a vector of two; this way it is one plain write. */
function endShort(res: ServerResponse, text: string): void {
  res.write(text);
  res.socket?.uncork();
  endAnswer(res);
}

function jsonHeaders(length: number): OutgoingHttpHeaders {
  return { 'content-type': 'application/json', 'content-length': length };
}

/** One whole answer without a body. */
export function sendEmpty(res: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': 0 }) });
  res.end();
}

export function sendRefusal(res: ServerResponse, { status, id, error, headers }: Refusal): void {
  sendJson(res, status, errorMessage(id ?? null, error), headers);
}

/** Writes a whole refusal to a client that is still sending; the response, and with it the connection, ends when what is returned is called. */
export function sendRefusalEarly(res: ServerResponse, { status, id, error, headers }: Refusal): () => void {
  const text = Buffer.from(jsonText(errorMessage(id ?? null, error)));
  res.writeHead(status, { ...headers, 'content-type': 'application/json', 'content-length': text.length });
  limitUnread(res);
  res.write(text);
  return () => res.end();
}

/** Turns an HTTP request to an MCP path away with a JSON-RPC error, before anything of it was looked at. */
export function refuse(res: ServerResponse, error: HubError): void {
  sendRefusal(res, refusalOf(error));
}

import type { IncomingHttpHeaders } from 'node:http';
import { isHeaderName, isHeaderValue } from '../header-rules.ts';
import { BadAnswer, notHttp } from './bad-answer.ts';
import type { FieldNames } from './field-names.ts';

/** In the place of a length: the body comes in chunks, or ends with the connection. */
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

/** How long an idle connection is kept where the server does not say how long it keeps it, in milliseconds. */
const KEEP_MS = 4_000;
/** Longest that one is kept, whatever the server says … */
const MAX_KEEP_MS = 600_000;
/** … and how much sooner than the server ends it, so that no request meets its end on the way. */
const KEEP_LESS_MS = 2_000;

/** Status line and header section of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** By their names in lower case; several of one name as one, joined by commas, but for `set-cookie`. */
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body, or {@link CHUNKED} or {@link UNTIL_CLOSE}. */
  readonly length: number;
  /** How long the connection may be kept for the next request once the answer is over, in milliseconds; 0: not at all. */
  readonly keepMs: number;
}

/**
 * Reads the head of an answer (RFC 9112, sections 4 to 6), strictly where it matters: what could be read in two ways is refused.
 *
 * @param text in Latin-1, without the empty line at its end
 * @param names what judges the names of fields
 * @throws BadAnswer
 */
export function readAnswerHead(text: string, names: FieldNames<string>): AnswerHead {
  let end = text.indexOf('\r\n');
  if (end < 0) end = text.length;
  const status = statusOf(text, end);
  const headers = headersOf(text, end + 2, names);
  const isKept = text.charCodeAt(7) === 0x31;
  const length = lengthOf(status, headers);
  return { status, headers, length, keepMs: isKept && length !== UNTIL_CLOSE ? keepMsOf(headers) : 0 };
}

/** `HTTP/1.1 200 OK`; some servers leave out the reason, and the space before it. */
function statusOf(text: string, end: number): number {
  const minor = text.charCodeAt(7);
  if (!text.startsWith('HTTP/1.') || (minor !== 0x30 && minor !== 0x31) || text.charCodeAt(8) !== 0x20) {
    throw notHttp();
  }
  const status = text.slice(9, 12);
  // HTTP/1.0 has no answers before the answer (RFC 9110, section 15.2).
  if (minor === 0x30 && status < '2') throw new BadAnswer('HPE_INVALID_STATUS', 'Its status is none of HTTP/1.0.');
  const isEnded = end === 12 || text.charCodeAt(12) === 0x20;
  if (!/^[1-9]\d\d$/.test(status) || !isEnded || /[\r\n]/.test(text.slice(12, end))) {
    throw new BadAnswer('HPE_INVALID_STATUS', 'Its status line has no status of three digits.');
  }
  return Number(status);
}

function headersOf(text: string, start: number, names: FieldNames<string>): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let from = start; from < text.length; ) {
    let end = text.indexOf('\r\n', from);
    if (end < 0) end = text.length;
    const colon = text.indexOf(':', from);
    // No name is empty, and none holds a space: a line without a colon, or that goes on with the one before (section 5.2), is refused.
    const name = names.of(text.slice(from, colon < 0 || colon > end ? from : colon));
    add(headers, name, valueOf(text, colon + 1, end));
    from = end + 2;
  }
  return headers;
}

/** What judges names of fields in answers, and gives them in lower case. */
export function answerName(written: string): string {
  if (!isHeaderName(written)) throw new BadAnswer('HPE_INVALID_HEADER_TOKEN', 'It has a header line without a valid name.');
  return written.toLowerCase();
}

function valueOf(text: string, from: number, end: number): string {
  let start = from;
  let stop = end;
  while (start < stop && isSpace(text.charCodeAt(start))) start += 1;
  while (stop > start && isSpace(text.charCodeAt(stop - 1))) stop -= 1;
  const value = text.slice(start, stop);
  if (!isHeaderValue(value)) throw new BadAnswer('HPE_INVALID_HEADER_TOKEN', 'The value of a header holds a control character.');
  return value;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function add(headers: Record<string, string | string[]>, name: string, value: string): void {
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (name === 'set-cookie') headers[name] = [...(before ?? []), value];
  else if (before === undefined) headers[name] = value;
  else headers[name] = `${String(before)}, ${value}`;
}

/** How the body is framed (section 6.3). Length and chunks together are how one answer is made to look like two, and refused. */
function lengthOf(status: number, headers: IncomingHttpHeaders): number {
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (coding !== undefined) {
    if (length !== undefined) throw new BadAnswer('HPE_INVALID_CONTENT_LENGTH', 'It has both a Content-Length and a Transfer-Encoding.');
    if (coding.toLowerCase() !== 'chunked') throw new BadAnswer('HPE_INVALID_TRANSFER_ENCODING', 'Its Transfer-Encoding is not "chunked".');
    return isWithoutBody(status) ? 0 : CHUNKED;
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new BadAnswer('HPE_INVALID_CONTENT_LENGTH', 'Its Content-Length is no number, or there are several.');
  }
  if (isWithoutBody(status)) return 0;
  return length === undefined ? UNTIL_CLOSE : Number(length);
}

function isWithoutBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function keepMsOf({ connection, 'keep-alive': keepAlive }: IncomingHttpHeaders): number {
  if (connection !== undefined && connection !== 'keep-alive' && /(?:^|,)\s*close\s*(?:,|$)/i.test(connection)) return 0;
  const seconds = typeof keepAlive === 'string' ? /(?:^|[\s,])timeout=(\d+)/i.exec(keepAlive)?.[1] : undefined;
  return seconds === undefined ? KEEP_MS : Math.min(Math.max(Number(seconds) * 1_000 - KEEP_LESS_MS, 0), MAX_KEEP_MS);
}

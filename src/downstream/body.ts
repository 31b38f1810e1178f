import type { IncomingMessage } from 'node:http';
import { type Clock, type Disposable, type ErrorCode, HubError, parseJson } from '../base/index.ts';
import { isTooDeep, type JsonValue, MAX_NESTING } from '../protocol/index.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';

/** How long a client may take to send a body, in milliseconds. */
const BODY_WITHIN_MS = 120_000;
/** How much of a body over the limit is still read, so that its sender gets to see the answer, in bytes. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;
/** … and for how long, in milliseconds. */
const DISCARD_WITHIN_MS = 5_000;

export type Body =
  | { readonly json: JsonValue; readonly problem?: undefined; readonly refusal?: undefined }
  | {
      readonly problem: HubError;
      /** The same as a JSON-RPC client gets it. */
      readonly refusal: Refusal;
      /** Nothing of the body was read: {@link discard} it once the refusal is written. */
      readonly isUnread?: boolean;
      readonly json?: undefined;
    };

/**
 * Reads the JSON body of a POST. Resolves with `undefined` when the client left; a body that is not JSON, too large
 * (`maxBytes`), too deep or too slow is a refusal. Never rejects.
 *
 * @param types the media types that JSON may come as
 */
export function readJson(
  req: IncomingMessage,
  maxBytes: number,
  clock: Clock,
  types: readonly string[] = JSON_ONLY,
): Promise<Body | undefined> {
  const unsupported = unsupportedMedia(req, types);
  if (unsupported) {
    req.resume();
    return Promise.resolve(refused(unsupported));
  }
  // Whoever announces too much need not wait for an answer until it has been sent.
  const announced = Number(req.headers['content-length']);
  if (announced > maxBytes) return Promise.resolve({ ...refused(tooLarge(maxBytes)), isUnread: true });
  return readBytes(req, announced, maxBytes, clock);
}

const JSON_ONLY: readonly string[] = ['application/json'];

function bodyOf(bytes: Buffer): Body {
  try {
    const json = parseJson(bytes.toString('utf8')) as JsonValue;
    // Each level takes a bracket at least.
    return bytes.length > MAX_NESTING && isTooDeep(json) ? refused(tooDeep()) : { json };
  } catch (error) {
    // Expected: SyntaxError. Its message says where.
    return refused(new HubError('PARSE_ERROR', `The body is not JSON: ${(error as SyntaxError).message}`));
  }
}

/** Codes after which what is left of the body is not wanted, so that the connection cannot be used again. */
const CLOSING: ReadonlySet<ErrorCode> = new Set(['BODY_TOO_LARGE', 'REQUEST_TIMEOUT']);

function refused(problem: HubError): { readonly problem: HubError; readonly refusal: Refusal } {
  const refusal = refusalOf(problem);
  return { problem, refusal: CLOSING.has(problem.code) ? { ...refusal, headers: { connection: 'close' } } : refusal };
}

/**
 * Reads and forgets a body that was refused unread, for a while: a connection that is closed on a sender takes the answer
 * away from it. Calls `onOver` once, when the body has ended, its sender has left or it has taken too long.
 */
export function discard(req: IncomingMessage, clock: Clock, onOver: () => void): void {
  let size = 0;
  const settle = (): void => {
    timer.dispose();
    req.off('data', onData).off('end', settle).off('close', settle);
    onOver();
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > MAX_DISCARDED_BYTES) settle();
  };
  const timer = clock.after(DISCARD_WITHIN_MS, settle);
  req.on('error', ignoreLeft).on('data', onData).on('end', settle).on('close', settle);
}

function ignoreLeft(): void {
  // Expected: the client breaks off what nobody reads any more.
}

function unsupportedMedia({ headers }: IncomingMessage, types: readonly string[]): HubError | undefined {
  if (headers['content-encoding'] === undefined && types.includes(headers['content-type'] ?? '')) return undefined;
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (!types.includes(type)) return new HubError('UNSUPPORTED_MEDIA_TYPE', `Send Content-Type: ${types.join(' or ')}.`);
  if (encoding === 'identity') return undefined;
  return new HubError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without Content-Encoding.');
}

/** The whole body, or why there is none; `undefined` when the client left. What comes after the outcome is read and forgotten. */
function readBytes(req: IncomingMessage, announced: number, maxBytes: number, clock: Clock): Promise<Body | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let isOver = false;
    let timer: Disposable | undefined;
    const settle = (outcome: Buffer | HubError | undefined): void => {
      if (isOver) return;
      isOver = true;
      timer?.dispose();
      resolve(Buffer.isBuffer(outcome) ? bodyOf(outcome) : outcome && refused(outcome));
    };
    const onData = (chunk: Buffer): void => {
      if (isOver) return;
      const wasOver = size > maxBytes;
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else if (size > maxBytes + MAX_DISCARDED_BYTES) settle(tooLarge(maxBytes));
      else if (!wasOver) {
        chunks.length = 0;
        timer?.dispose();
        timer = clock.after(DISCARD_WITHIN_MS, () => settle(tooLarge(maxBytes)));
      }
      if (size === announced) onEnd();
    };
    const onEnd = (): void => settle(size > maxBytes ? tooLarge(maxBytes) : joined(chunks, size));
    req.on('error', ignoreLeft).on('data', onData);
    // One whose length is known is over with its last byte.
    if (!(announced > 0)) req.on('end', onEnd);
    req.on('close', () => settle(undefined));
    const limit = (): void => {
      if (!isOver) timer ??= clock.after(BODY_WITHIN_MS, () => settle(tooSlow()));
    };
    // A body that came with its headers is there by then, and needs no deadline.
    void Promise.resolve().then(limit);
  });
}

function joined(chunks: readonly Buffer[], size: number): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): HubError {
  const message = `The request body is larger than ${maxBytes} bytes. Raise maxBodySize in the hub's config file to allow more.`;
  return new HubError('BODY_TOO_LARGE', message, { details: { limit: maxBytes, setting: 'maxBodySize' } });
}

function tooDeep(): HubError {
  return new HubError('INVALID_REQUEST', `The body is nested more than ${MAX_NESTING} levels deep.`);
}

function tooSlow(): HubError {
  return new HubError('REQUEST_TIMEOUT', `The request body did not arrive within ${BODY_WITHIN_MS / 1000} seconds.`);
}

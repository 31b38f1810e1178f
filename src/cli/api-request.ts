import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type ErrorCode, errorTable, HubError, jsonText, parseJson } from '../base/index.ts';
import { targetOf } from './hub-address.ts';
import { isObject, memberOf, textOf } from './json.ts';
import { plural } from './render.ts';
import { SseReader } from './sse-reader.ts';

/** A hub with many tools lists all of them in one answer. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With the leading slash; a query belongs to it. */
  readonly path: string;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long the whole answer may take; for a stream, how long it may be silent. In milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The JSON that `origin` answers. @throws HubError the hub's own, HUB_NOT_FOUND when nobody answers, TIMEOUT, CANCELLED */
export async function askHub(origin: string, request: ApiRequest): Promise<unknown> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
  try {
    const response = await open(origin, request, signal);
    const text = await textOfBody(response);
    return answerOf(origin, response.statusCode ?? 0, text);
  } catch (error) {
    throw problemOf(origin, request, error);
  }
}

/** The chunks of a stream that `origin` answers with, until it ends. Errors as for {@link askHub}. */
export function streamOfHub(origin: string, request: ApiRequest): AsyncGenerator<string> {
  return reading(origin, request, async function* (response, alive) {
    if (response.statusCode !== 200) answerOf(origin, response.statusCode ?? 0, await textOfBody(response));
    for await (const chunk of response.setEncoding('utf8')) {
      alive();
      yield String(chunk);
    }
  });
}

/**
 * The JSON-RPC messages that `origin` answers one with, whether they come as a stream or as one body (MCP 2026-07-28,
 * basic/transports/streamable-http). Errors as for {@link askHub}; an error that is a message is a message.
 */
export function messagesOfHub(origin: string, request: ApiRequest): AsyncGenerator<unknown> {
  return reading(origin, request, async function* (response, alive) {
    if (!/^text\/event-stream\b/i.test(response.headers['content-type'] ?? '')) {
      const text = await textOfBody(response);
      const message = parsed(text);
      yield memberOf(message, 'jsonrpc') === '2.0' ? message : answerOf(origin, Math.max(response.statusCode ?? 0, 400), text);
      return;
    }
    const reader = new SseReader();
    for await (const chunk of response.setEncoding('utf8')) {
      alive();
      yield* reader.push(String(chunk)).map(({ data }) => parsed(data));
    }
  });
}

/** Reads an answer of any length, as long as something comes; a comment of a stream is something. */
async function* reading<T>(
  origin: string,
  request: ApiRequest,
  read: (response: IncomingMessage, alive: () => void) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const silent = new AbortController();
  const late = setTimeout(() => silent.abort(new DOMException('silent', 'TimeoutError')), request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, silent.signal]) : silent.signal;
  try {
    const response = await open(origin, request, signal);
    yield* read(response, () => void late.refresh());
  } catch (error) {
    throw problemOf(origin, request, error);
  } finally {
    clearTimeout(late);
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // Expected: SyntaxError, somebody who is no hub.
    return undefined;
  }
}

/** The connection is made directly, whatever proxy the environment names: a hub is on this machine or near. */
function open(origin: string, { method = 'GET', path, body, headers }: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { url, socketPath } = targetOf(origin, path);
    const text = body === undefined ? undefined : jsonText(body);
    const allHeaders = {
      accept: 'application/json, text/event-stream',
      ...(text !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      ...headers,
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(
      url,
      { method, headers: allHeaders, agent: false, signal, ...(socketPath !== undefined && { socketPath }) },
      resolve,
    );
    request.on('error', reject);
    request.end(text);
  });
}

async function textOfBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_ANSWER_BYTES) throw new HubError('LIMIT_EXCEEDED', `The answer is larger than ${MAX_ANSWER_BYTES} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf(origin: string, status: number, text: string): unknown {
  const answer = parsed(text);
  if (answer === undefined) throw new HubError('HUB_NOT_FOUND', `What answers at ${origin} is not a hub (status ${status}).`);
  if (status < 400) return answer;
  const code = textOf(answer, 'code');
  const data = memberOf(answer, 'data');
  const message = textOf(answer, 'error') || `The hub answered with status ${status}.`;
  throw new HubError(isErrorCode(code) ? code : 'UNHANDLED_ERROR', message, { details: isObject(data) ? data : {} });
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

function problemOf(origin: string, { signal, timeoutMs }: ApiRequest, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof HubError) return error;
  if (signal?.aborted) return new HubError('CANCELLED', 'The request was cancelled.', { cause: error });
  if (isTimeout(error))
    return new HubError('TIMEOUT', `The hub at ${origin} did not answer within ${plural(timeoutMs / 1000, 'second')}.`, { cause: error });
  const reason = 'code' in error ? String(error.code) : error.message;
  const message = `The hub at ${origin} does not answer (${reason}). See which hubs run with "mcp-hub status --all".`;
  return new HubError('HUB_NOT_FOUND', message, { cause: error });
}

/** Node wraps the reason of an aborted request. */
function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError' || (error.cause instanceof Error && error.cause.name === 'TimeoutError');
}

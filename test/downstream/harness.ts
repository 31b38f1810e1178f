import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createParser } from 'eventsource-parser';
import { type Clock, silentLogger, systemClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import type { Scope } from '../../src/gateway/index.ts';
import { type JsonObject, type JsonValue, metaKey } from '../../src/protocol/index.ts';
import { FakeGateway } from '../support/fake-gateway.ts';

export interface Harness {
  readonly gateway: FakeGateway;
  readonly endpoint: Endpoint;
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly clock?: Clock;
  readonly maxBodyBytes?: number;
  readonly sessionIdleTimeoutMs?: number;
  readonly maxSessions?: number;
  readonly shutdownTimeoutMs?: number;
}

/** An endpoint on a real socket over a scripted gateway: `/mcp`, `/mcp/<server>`, `/sse` and `/messages`. */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const gateway = new FakeGateway();
  const limits = {
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    sessionIdleTimeoutMs: options.sessionIdleTimeoutMs ?? 60_000,
    maxSessions: options.maxSessions ?? 1_000,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 0,
  };
  const endpoint = new Endpoint({
    gateway,
    clock: options.clock ?? systemClock,
    logger: silentLogger,
    serverInfo: { name: 'test-hub', version: '9.9.9' },
    limits: () => limits,
    messagesPath: '/messages',
  });
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(`http://hub${req.url}`);
    if (pathname === '/sse') endpoint.handleSse(req, res);
    else if (pathname === '/messages') void endpoint.handleMessages(req, res, searchParams.get('sessionId') ?? undefined);
    else void endpoint.handle(req, res, scopeOf(pathname));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    gateway,
    endpoint,
    server,
    url: `http://127.0.0.1:${port}`,
    async close() {
      await endpoint.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function scopeOf(pathname: string): Scope {
  const id = pathname.split('/')[2];
  return id === undefined ? { kind: 'all' } : { kind: 'server', id: decodeURIComponent(id) };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The parsed body of a JSON answer. */
  readonly json: JsonObject;
  /** The parsed messages of an event stream. */
  readonly events: readonly JsonObject[];
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonValue | Buffer;
  readonly signal?: AbortSignal;
  /** Called with the data of every event as it comes. */
  onEvent?(data: string): void;
}

/** A stream that is being read. */
export interface Reading {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Raw events so far: name and data. */
  readonly events: { readonly event: string | undefined; readonly data: string }[];
  readonly comments: string[];
  /** Ids of all events, in order, also of those without data, which are in no other list. */
  readonly ids: string[];
  /** Reconnection delays that were asked for. */
  readonly retries: number[];
  readonly ended: Promise<void>;
  close(): void;
}

const DEFAULT_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Opens a request and gives it back when its headers are there. */
export function open(
  url: string,
  { method = 'POST', headers = {}, body, signal, onEvent }: Sent = {},
): Promise<Reading & { text(): string }> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method, headers: { ...DEFAULT_HEADERS, ...headers }, agent: false, ...(signal && { signal }) });
    req.on('error', reject);
    req.on('response', (res) => {
      let text = '';
      const events: { event: string | undefined; data: string }[] = [];
      const comments: string[] = [];
      const ids: string[] = [];
      const retries: number[] = [];
      const parser = createParser({
        onEvent: ({ event, data, id }) => {
          if (id !== undefined) ids.push(id);
          if (data === '') return;
          events.push({ event, data });
          onEvent?.(data);
        },
        onComment: (comment) => comments.push(comment),
        onRetry: (retry) => retries.push(retry),
      });
      const ended = new Promise<void>((done) => {
        res.on('close', done);
      });
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        parser.feed(chunk);
      });
      res.on('error', () => {
        // Expected: a test closes the stream, or the server drops it.
      });
      const status = res.statusCode ?? 0;
      resolve({ status, headers: res.headers, events, comments, ids, retries, ended, close: () => req.destroy(), text: () => text });
    });
    req.end(Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Sends one request and reads its whole answer. */
export async function send(url: string, sent: Sent = {}): Promise<Reply> {
  const reading = await open(url, sent);
  await reading.ended;
  const text = reading.text();
  const isJson = reading.headers['content-type'] === 'application/json';
  return {
    status: reading.status,
    headers: reading.headers,
    text,
    json: isJson && text !== '' ? (JSON.parse(text) as JsonObject) : {},
    events: reading.events.filter(({ data }) => data.startsWith('{')).map(({ data }) => JSON.parse(data) as JsonObject),
  };
}

export const ENVELOPE: JsonObject = {
  [metaKey.protocolVersion]: '2026-07-28',
  [metaKey.clientInfo]: { name: 'test', version: '1' },
  [metaKey.clientCapabilities]: {},
};

export const modernHeaders = (method: string, name?: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name !== undefined && { 'mcp-name': name }),
});

/** A whole modern request: envelope and headers. */
export function modern(method: string, params: JsonObject = {}, meta: JsonObject = {}, id: string | number = 1): Sent {
  const named = params['name'] ?? params['uri'] ?? params['taskId'];
  return {
    headers: modernHeaders(method, typeof named === 'string' ? named : undefined),
    body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...ENVELOPE, ...meta } } },
  };
}

/** A request of a handshake revision. */
export const legacy = (method: string, params: JsonObject = {}, id: string | number = 1): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

export const initialize = (version = '2025-11-25'): JsonObject =>
  legacy('initialize', { protocolVersion: version, clientInfo: { name: 'test', version: '1' }, capabilities: {} }, 0);

/** Starts a session; its id. */
export async function startSession(url: string, version?: string): Promise<string> {
  const { headers } = await send(url, { body: initialize(version) });
  const id = headers['mcp-session-id'];
  if (typeof id !== 'string') throw new Error('no session id');
  return id;
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`did not happen: ${what}`);
}

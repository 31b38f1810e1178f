import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { ENVELOPE } from '../../downstream/harness.ts';
import { body, method, version } from '../arbitraries/messages.ts';
import { type FuzzedHub, startFuzzedHub } from '../fuzzed-hub.ts';
import { cases, type Suite, type Target } from '../suite.ts';

const raw = fc.oneof(
  { weight: 20, arbitrary: body.map((value) => Buffer.from(JSON.stringify(value))) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Buffer.alloc(30_000, '['), Buffer.alloc(19_000, '['), Buffer.from('\ufeff{}'), Buffer.from('{"a":')),
  },
);
const headers = fc.record(
  {
    accept: fc.constantFrom('application/json, text/event-stream', 'application/json', '*/*', 'text/html', ''),
    'content-type': fc.constantFrom('application/json', 'application/json', 'application/json', 'text/plain'),
    'mcp-protocol-version': version,
    'mcp-method': method,
    'mcp-name': fc.constantFrom('echo__echo', '=?base64?YQ==?=', '=?base64?**?='),
    'mcp-session-id': fc.constantFrom('known', 'known', 'known', 'unknown', ''),
  },
  { requiredKeys: ['accept', 'content-type'] },
);
const path = fc.constantFrom('/mcp', '/mcp', '/mcp', '/mcp/echo', '/mcp/none', '/messages?sessionId=x', '/mcp/%00', '/mcp/__proto__');

/** How many cases a session serves: one may end it, and the hub may need its place. */
const CASES_PER_SESSION = 40;

async function overHttp(): Promise<Target> {
  const hub = await startFuzzedHub();
  let session = await hub.startSession();
  let count = 0;
  const check = cases(fc.tuple(raw, headers, path), async ([sent, named, to]) => {
    count += 1;
    if (count % CASES_PER_SESSION === 0) session = await hub.startSession();
    const known = named['mcp-session-id'] === 'known' ? { ...named, 'mcp-session-id': session } : named;
    const { status, headers: got, text } = await hub.client.ask(to, { headers: known, body: sent });
    hub.noFailures();
    if (status >= 500) throw new Error(`HTTP ${status} ${text}`);
    if (got['content-type'] === 'text/event-stream' || status === 202) return;
    const answer: unknown = JSON.parse(text);
    for (const one of [answer].flat()) isAnswer(one);
  });
  return { check, alive: hub.alive, close: hub.close };
}

function isAnswer(one: unknown): void {
  if (typeof one === 'object' && one !== null && 'jsonrpc' in one && one.jsonrpc === '2.0' && ('result' in one || 'error' in one)) return;
  throw new Error(`No JSON-RPC response: ${JSON.stringify(one)}`);
}

/** Lines to and from the hub over `Upgrade: mcp-stdio`, as `mcp-hub stdio` makes them. */
class Pipe {
  readonly #socket: Socket;
  #text = '';
  #isOver = false;
  #onLine: (() => void) | undefined;
  readonly ids = new Set<unknown>();

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1' });
    this.#socket.write('GET /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: mcp-stdio\r\n\r\n');
    this.#socket.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', () => {
      // Expected: the hub may drop the stream.
    });
    this.#socket.on('close', () => {
      this.#isOver = true;
      this.#onLine?.();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(bytes: Buffer): void {
    if (!this.#isOver) this.#socket.write(bytes);
  }

  /** Resolves when there is an answer to the request of that id, or when the stream is over. */
  async answered(id: string): Promise<void> {
    while (!this.#isOver && !this.ids.has(id)) await new Promise<void>((resolve) => (this.#onLine = resolve));
    this.ids.clear();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines.filter((one) => one.startsWith('{'))) {
      const message: unknown = JSON.parse(line);
      if (typeof message === 'object' && message !== null && 'id' in message && !('method' in message)) this.ids.add(message.id);
    }
    this.#onLine?.();
  }
}

const line = fc
  .tuple(raw, fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n'))
  .map(([bytes, end]) => Buffer.concat([Buffer.from(bytes.filter((byte) => byte !== 10)), Buffer.from(end)]));
const begun = fc.constantFrom('legacy', 'modern', 'none');
const HANDSHAKE = `${JSON.stringify({ jsonrpc: '2.0', id: 'i', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'f', version: '1' } } })}\n`;

async function overPipe(): Promise<Target> {
  const hub: FuzzedHub = await startFuzzedHub();
  let pipe = new Pipe(hub.port);
  let count = 0;
  const check = cases(fc.tuple(fc.array(line, { minLength: 1, maxLength: 4 }), begun), async ([lines, era]) => {
    count += 1;
    if (pipe.isOver || count % CASES_PER_SESSION === 0) {
      pipe.close();
      pipe = new Pipe(hub.port);
    }
    if (era === 'legacy') pipe.write(Buffer.from(HANDSHAKE));
    pipe.write(Buffer.concat(lines));
    const probe = { jsonrpc: '2.0', id: `probe ${count}`, method: 'ping', params: era === 'modern' ? { _meta: ENVELOPE } : {} };
    pipe.write(Buffer.from(`${JSON.stringify(probe)}\n`));
    await pipe.answered(probe.id);
    hub.noFailures();
  });
  const close = async (): Promise<void> => {
    pipe.close();
    await hub.close();
  };
  return { check, alive: hub.alive, close };
}

export const messagesOverHttp: Suite = { name: 'messages-http', start: overHttp };
export const messagesOverPipe: Suite = { name: 'messages-pipe', start: overPipe };

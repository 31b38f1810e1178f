import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Era, JsonObject, RequestId } from '../../src/protocol/index.ts';
import { modernHeaders, open, type Sent } from '../downstream/harness.ts';

/** What a wire hands to its client. */
export interface Arrivals {
  /** @param via the request on whose stream it came, where there are such streams */
  message(message: JsonObject, via: RequestId | undefined): void;
  /** The exchange of one request is over, whether its answer came or not. */
  ended(id: RequestId): void;
}

/** Takes messages to a server as they are. */
export interface Wire {
  /** Whether closing the stream of a modern request takes it back. */
  readonly hasStreams: boolean;
  attach(arrivals: Arrivals): void;
  /** Resolves with the HTTP status, or 200 where there is none, as soon as the message is delivered. */
  send(message: JsonObject, signal?: AbortSignal): Promise<number>;
  /** Receives what belongs to no request (legacy). */
  listen(): Promise<void>;
  close(): Promise<void>;
}

const parsed = (text: string): JsonObject => JSON.parse(text) as JsonObject;

/** Streamable HTTP in one of the eras. */
export class HttpWire implements Wire {
  readonly hasStreams = true;
  readonly #url: string;
  readonly #era: Era;
  readonly #key: Readonly<Record<string, string>>;
  readonly #gone = new AbortController();
  #arrivals: Arrivals | undefined;
  #session: string | undefined;

  /** @param key an API key, sent with every request */
  constructor(url: string, era: Era, key?: string) {
    this.#url = url;
    this.#era = era;
    this.#key = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  attach(arrivals: Arrivals): void {
    this.#arrivals = arrivals;
  }

  async send(message: JsonObject, signal?: AbortSignal): Promise<number> {
    const id = message['method'] === undefined ? undefined : (message['id'] as RequestId | undefined);
    const reading = await this.#open(message, id, signal);
    this.#session ??= reading.headers['mcp-session-id']?.toString();
    // An answer in JSON ends with itself; a stream goes on after the request was delivered.
    const finished = this.#finish(reading, id);
    if (id === undefined || reading.headers['content-type'] === 'application/json') await finished;
    return reading.status;
  }

  async listen(): Promise<void> {
    const onEvent = (data: string): void => this.#arrivals?.message(parsed(data), undefined);
    await open(this.#url, { method: 'GET', headers: this.#headers({}), signal: this.#gone.signal, onEvent });
  }

  async close(): Promise<void> {
    this.#gone.abort();
    if (this.#session)
      await (await open(this.#url, { method: 'DELETE', headers: { 'mcp-session-id': this.#session, ...this.#key } })).ended;
  }

  async #open(message: JsonObject, id: RequestId | undefined, signal: AbortSignal | undefined) {
    const either = AbortSignal.any([this.#gone.signal, ...(signal ? [signal] : [])]);
    const sent: Sent = {
      headers: this.#headers(message),
      body: message,
      signal: either,
      onEvent: (data) => this.#arrivals?.message(parsed(data), id),
    };
    return open(this.#url, sent);
  }

  async #finish(reading: Awaited<ReturnType<typeof open>>, id: RequestId | undefined): Promise<void> {
    await reading.ended;
    if (id === undefined) return;
    if (reading.headers['content-type'] === 'application/json') this.#arrivals?.message(parsed(reading.text()), id);
    this.#arrivals?.ended(id);
  }

  #headers({ method, params }: JsonObject): Readonly<Record<string, string>> {
    if (this.#era === 'legacy') {
      const version = { 'mcp-protocol-version': '2025-11-25' };
      return this.#session === undefined ? this.#key : { 'mcp-session-id': this.#session, ...version, ...this.#key };
    }
    const { name, uri } = (params ?? {}) as JsonObject;
    const named = name ?? uri;
    return { ...modernHeaders(String(method), typeof named === 'string' ? named : undefined), ...this.#key };
  }
}

/** A server on standard streams, for one client after the other. */
export class StdioServer {
  readonly #child: ChildProcess;
  #arrivals: Arrivals | undefined;

  constructor({ command, args }: { readonly command: string; readonly args: readonly string[] }) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error('no standard output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#arrivals?.message(parsed(line), undefined));
  }

  wire(): Wire {
    return {
      hasStreams: false,
      attach: (arrivals) => void (this.#arrivals = arrivals),
      send: async (message) => {
        this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
        return 200;
      },
      // Everything comes on the one stream there is.
      listen: async () => undefined,
      close: async () => void (this.#arrivals = undefined),
    };
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exited;
  }
}

import { type IncomingMessage, request } from 'node:http';
import { headOf } from './http-clients.ts';
import type { Crowd, EventStreamTarget, Plan } from './plan.ts';
import { RawHttp } from './raw-http.ts';
import { checkAnswer, requestOf } from './request-of.ts';

const ANSWER_MS = 15_000;
const headers = { 'content-type': 'application/json' };

/** Clients of the transport of 2024-11-05: each has an event stream that brings its answers, and a connection for its requests. */
export async function openEventStreamClients({ url, prefix }: EventStreamTarget, { clients, payload }: Plan): Promise<Crowd> {
  const opened = await Promise.all(Array.from({ length: clients }, () => openStream(new URL(url))));
  const all = opened.map((stream) => new EventStreamClient(stream, new URL(url)));
  const close = async (): Promise<void> => {
    for (const client of all) client.close();
  };
  const { method, params } = requestOf(payload, prefix);
  const text = JSON.stringify(params);
  const callOf = (client: EventStreamClient): (() => Promise<void>) => {
    let size: number | undefined;
    return async () => {
      const event = await client.ask(method, text);
      if (event.length === size) return;
      checkAnswer(event, payload);
      size = event.length;
    };
  };
  const calls = all.map(callOf);
  try {
    await Promise.all(all.map((client) => client.initialize()));
    await Promise.all(calls.map((call) => call()));
  } catch (error) {
    await close();
    throw error;
  }
  return { calls, close };
}

class EventStreamClient {
  readonly #stream: IncomingMessage;
  readonly #events: Events;
  readonly #url: URL;
  readonly #endpoint: Promise<string>;
  #http: RawHttp | undefined;
  #head = '';
  #id = 1_000_000;

  constructor(stream: IncomingMessage, url: URL) {
    this.#stream = stream;
    this.#url = url;
    this.#events = new Events(stream);
    this.#endpoint = this.#events.next('endpoint');
  }

  async initialize(): Promise<void> {
    const messages = new URL(dataOf(await this.#endpoint), this.#url);
    this.#http = new RawHttp(messages);
    this.#head = headOf('POST', messages, headers);
    await this.ask('initialize', '{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}');
    await this.#http.exchange(this.#head, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }

  /** Sends a request and resolves with the event that holds its answer; one at a time. */
  async ask(method: string, params: string): Promise<string> {
    if (this.#http === undefined) throw new Error('The client is not initialized.');
    this.#id += 1;
    const answered = this.#events.next(`${this.#id}`);
    // What rejects first is what the caller hears of.
    answered.catch(() => undefined);
    const { status } = await this.#http.exchange(this.#head, `{"jsonrpc":"2.0","id":${this.#id},"method":"${method}","params":${params}}`);
    if (status >= 300) throw new Error(`HTTP ${status} to ${method}`);
    return answered;
  }

  close(): void {
    this.#http?.close();
    this.#stream.destroy();
  }
}

function openStream(url: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = request(url, { headers: { accept: 'text/event-stream' }, agent: false }, (res) =>
      res.statusCode === 200 ? resolve(res) : reject(new Error(`HTTP ${res.statusCode} from ${url.href}`)),
    );
    req.on('error', reject);
    req.end();
  });
}

function dataOf(event: string): string {
  return /^data: ?(.*)$/m.exec(event)?.[1] ?? '';
}

/** Waits for one event at a time: `endpoint`, or the answer to the request with an id. Others are passed over. */
class Events {
  #parts: string[] = [];
  #wanted: { readonly key: string; readonly resolve: (event: string) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(stream: IncomingMessage) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#read(text));
    stream.on('error', (error) => this.#wanted?.reject(error));
    stream.on('close', () => this.#wanted?.reject(new Error('The event stream was closed')));
  }

  next(key: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No answer in ${ANSWER_MS} ms`)), ANSWER_MS);
      const settled = <T>(act: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          clearTimeout(timer);
          act(value);
        };
      };
      this.#wanted = { key, resolve: settled(resolve), reject: settled(reject) };
    });
  }

  #read(text: string): void {
    // Answers of a megabyte come in many pieces; only a piece that may end an event is worth looking into.
    this.#parts.push(text);
    if (!text.includes('\n')) return;
    const events = this.#parts.join('').split('\n\n');
    this.#parts = [events.pop() ?? ''];
    for (const event of events) {
      if (this.#wanted === undefined || !isFor(event, this.#wanted.key)) continue;
      const { resolve } = this.#wanted;
      this.#wanted = undefined;
      resolve(event);
    }
  }
}

/** An answer carries its id near its beginning or its end, depending on who wrote it. */
function isFor(event: string, key: string): boolean {
  if (key === 'endpoint') return /^event: ?endpoint$/m.test(event);
  return event.slice(0, 100).includes(`"id":${key}`) || event.slice(-100).includes(`"id":${key}`);
}

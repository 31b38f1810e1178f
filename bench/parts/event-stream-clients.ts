import { type IncomingMessage, request } from 'node:http';
import { headOf } from './http-clients.ts';
import type { Crowd, EventStreamTarget, Plan } from './plan.ts';
import { RawHttp } from './raw-http.ts';
import { checkAnswer, requestOf } from './request-of.ts';

const ANSWER_MS = 15_000;
const headers = { 'content-type': 'application/json' };

/** Clients of the transport of 2024-11-05: each has an event stream that brings its answers, and a connection for its requests. */
export async function openEventStreamClients({ url, prefix }: EventStreamTarget, { clients, payload }: Plan): Promise<Crowd> {
  const { method, params } = requestOf(payload, prefix);
  const text = JSON.stringify(params);
  const open = async (): Promise<{ call(): Promise<void>; close(): void }> => {
    const stream = await openStream(new URL(url));
    const events = new Events(stream);
    const messages = new URL(dataOf(await events.next('endpoint')), url);
    const http = new RawHttp(messages);
    const head = headOf('POST', messages, headers);
    let id = 1_000_000;
    const ask = async (name: string, given: string): Promise<string> => {
      id += 1;
      const answered = events.next(`${id}`);
      const { status } = await http.exchange(head, `{"jsonrpc":"2.0","id":${id},"method":"${name}","params":${given}}`);
      if (status >= 300) throw new Error(`HTTP ${status} from ${messages.href}`);
      return answered;
    };
    await ask('initialize', '{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}');
    await http.exchange(head, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
    let size: number | undefined;
    const call = async (): Promise<void> => {
      const event = await ask(method, text);
      if (event.length === size) return;
      checkAnswer(event, payload);
      size = event.length;
    };
    await call();
    const close = (): void => {
      http.close();
      stream.destroy();
    };
    return { call, close };
  };
  const all = await Promise.all(Array.from({ length: clients }, open));
  return {
    calls: all.map(({ call }) => call),
    close: async () => {
      for (const { close } of all) close();
    },
  };
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
  if (key === 'endpoint') return event.startsWith('event: endpoint');
  return event.slice(0, 100).includes(`"id":${key}`) || event.slice(-100).includes(`"id":${key}`);
}

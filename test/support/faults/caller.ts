import { Agent, request } from 'node:http';
import { isObject, type Era, type JsonObject } from '../../../src/protocol/index.ts';
import { legacy, modern, type Sent, startSession } from '../../downstream/harness.ts';

/** What became of one `tools/call`. */
export interface Outcome {
  readonly tookMs: number;
  /** The hub's code of an error; `undefined` for an answer that is well. */
  readonly code: string | undefined;
  /** The first text of the answer, or the message of the error. */
  readonly words: string;
  readonly data: JsonObject;
}

const BASE = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** A client that calls tools over sockets that stay open, and as many at once as it is asked to: it takes little time of its own. */
export class Caller {
  readonly #url: string;
  readonly #session: string | undefined;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(url: string, session: string | undefined) {
    this.#url = url;
    this.#session = session;
  }

  static async connect(url: string, era: Era): Promise<Caller> {
    if (era === 'modern') return new Caller(url, undefined);
    const caller = new Caller(url, await startSession(url));
    await caller.#post(caller.#inSession({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    return caller;
  }

  /** Calls a tool. @throws when the hub does not answer as HTTP */
  async call(name: string, args: JsonObject = {}): Promise<Outcome> {
    const params = { name, arguments: args };
    const beganMs = performance.now();
    const text = await this.#post(
      this.#session === undefined ? modern('tools/call', params) : this.#inSession(legacy('tools/call', params)),
    );
    return { tookMs: performance.now() - beganMs, ...outcomeOf(text) };
  }

  /** The names that `tools/list` gives. */
  async tools(): Promise<string[]> {
    const { result } = messageOf(
      await this.#post(this.#session === undefined ? modern('tools/list') : this.#inSession(legacy('tools/list'))),
    );
    const tools = isObject(result) && Array.isArray(result['tools']) ? result['tools'] : [];
    return tools.map((tool) => (isObject(tool) ? String(tool['name']) : ''));
  }

  async close(): Promise<void> {
    if (this.#session !== undefined) await this.#post({ method: 'DELETE', headers: { 'mcp-session-id': this.#session } });
    this.#agent.destroy();
  }

  #inSession(body: JsonObject): Sent {
    return { headers: { 'mcp-session-id': this.#session ?? '', 'mcp-protocol-version': '2025-11-25' }, body };
  }

  #post({ method = 'POST', headers = {}, body }: Sent): Promise<string> {
    return new Promise((resolve, reject) => {
      const req = request(this.#url, { method, agent: this.#agent, headers: { ...BASE, ...headers } }, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        res.on('error', reject).on('end', () => resolve(text));
      });
      req.on('error', reject);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** The last message of a body, be it JSON or an event stream. */
function messageOf(body: string): JsonObject {
  const json = body.startsWith('{') ? body : (/^data: (\{.*\})$/gm.exec(body.slice(body.lastIndexOf('\ndata: {') + 1))?.[1] ?? '{}');
  const message: unknown = JSON.parse(json);
  return isObject(message) ? message : {};
}

function outcomeOf(body: string): Omit<Outcome, 'tookMs'> {
  const { result, error } = messageOf(body);
  if (isObject(error)) return failed(error['data'], String(error['message']));
  const { content, isError, _meta: meta } = isObject(result) ? result : {};
  const [first] = Array.isArray(content) ? content : [];
  const words = isObject(first) ? String(first['text']) : body;
  if (isError !== true && first !== undefined) return { code: undefined, words, data: {} };
  return failed(isObject(meta) ? meta['mcp-hub/error'] : undefined, words);
}

function failed(data: unknown, words: string): Omit<Outcome, 'tookMs'> {
  const facts = isObject(data) ? data : {};
  return { code: String(facts['code'] ?? 'no code'), words, data: facts };
}

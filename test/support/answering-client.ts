import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { createParser } from 'eventsource-parser';
import { isObject, type JsonObject, type JsonValue } from '../../src/protocol/index.ts';
import { modern } from '../downstream/harness.ts';

/** The result with which a client answers one request of a server. */
export type Answerer = (method: string, params: JsonObject, client: AnsweringClient) => JsonObject | Promise<JsonObject>;

export interface AnsweringOptions {
  readonly era?: 'legacy' | 'modern';
  readonly capabilities?: JsonObject;
  readonly answer?: Answerer;
}

export interface Called {
  readonly response: JsonObject;
  /** `structuredContent` of the result; empty when there is none. */
  readonly facts: JsonObject;
  /** Notifications on the stream of the call. */
  readonly notes: readonly JsonObject[];
}

const CAPABILITIES: JsonObject = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } };
const MAX_ROUNDS = 12;

/**
 * A client that answers what servers ask of it, by hand and with every message visible. In the legacy era it answers
 * requests on its streams; in the modern one it answers `input_required` and calls again.
 */
export class AnsweringClient {
  /** Requests of servers, as they came. */
  readonly asked: JsonObject[] = [];
  /** Notifications on the session's own stream. */
  readonly heard: JsonObject[] = [];
  readonly #url: string;
  readonly #options: AnsweringOptions;
  readonly #agent = new Agent({ keepAlive: true });
  #session = '';
  #listening: { readonly res: IncomingMessage } | undefined;

  private constructor(url: string, options: AnsweringOptions) {
    this.#url = url;
    this.#options = options;
  }

  static async connect(url: string, options: AnsweringOptions = {}): Promise<AnsweringClient> {
    const client = new AnsweringClient(url, options);
    if (options.era !== 'modern') await client.#handshake();
    return client;
  }

  /** Calls a tool and answers what comes up on the way. */
  async call(name: string, args: JsonObject = {}, id: string | number = 1, token?: string | number): Promise<Called> {
    const meta: JsonObject = token === undefined ? {} : { progressToken: token };
    const params: JsonObject = { name, arguments: args };
    if (this.#options.era === 'modern') return this.#callInRounds(params, meta, id);
    return this.#post({ jsonrpc: '2.0', id, method: 'tools/call', params: { ...params, _meta: meta } });
  }

  async notify(method: string, params: JsonObject = {}): Promise<void> {
    await this.#post({ jsonrpc: '2.0', method, params });
  }

  /** Opens the session's own stream. */
  async listen(): Promise<void> {
    const res = await this.#send('GET', { 'mcp-session-id': this.#session, accept: 'text/event-stream' });
    this.#listening = { res };
    void this.#read(res, (message) => void this.heard.push(message));
  }

  async close(): Promise<void> {
    this.#listening?.res.destroy();
    if (this.#session !== '') (await this.#send('DELETE', { 'mcp-session-id': this.#session })).resume();
    this.#agent.destroy();
  }

  async #handshake(): Promise<void> {
    const { capabilities = CAPABILITIES } = this.#options;
    const params = { protocolVersion: '2025-11-25', clientInfo: { name: 'answering', version: '1' }, capabilities };
    const res = await this.#send('POST', {}, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
    this.#session = String(res.headers['mcp-session-id']);
    await text(res);
    await this.notify('notifications/initialized');
  }

  async #callInRounds(params: JsonObject, meta: JsonObject, id: string | number): Promise<Called> {
    const notes: JsonObject[] = [];
    let more: JsonObject = {};
    const { capabilities = CAPABILITIES } = this.#options;
    const declared = { 'io.modelcontextprotocol/clientCapabilities': capabilities };
    for (let round = 0; ; round += 1) {
      const { headers = {}, body } = modern('tools/call', { ...params, ...more }, { ...meta, ...declared }, id);
      const called = await this.#post(isObject(body) ? body : {}, headers);
      notes.push(...called.notes);
      const result = isObject(called.response['result']) ? called.response['result'] : {};
      if (result['resultType'] !== 'input_required' || round === MAX_ROUNDS) return { ...called, notes };
      more = await this.#nextRound(result);
    }
  }

  async #nextRound({ inputRequests, requestState }: JsonObject): Promise<JsonObject> {
    const inputResponses: Record<string, JsonValue> = {};
    for (const [key, request] of Object.entries(isObject(inputRequests) ? inputRequests : {})) {
      if (isObject(request)) inputResponses[key] = await this.#answerTo(request);
    }
    return { inputResponses, ...(requestState !== undefined && { requestState }) };
  }

  async #answerTo(request: JsonObject): Promise<JsonObject> {
    this.asked.push(request);
    const { method, params } = request;
    return (await this.#options.answer?.(String(method), isObject(params) ? params : {}, this)) ?? {};
  }

  async #post(body: JsonObject, headers: Readonly<Record<string, string>> = { 'mcp-session-id': this.#session }): Promise<Called> {
    const res = await this.#send('POST', headers, body);
    const notes: JsonObject[] = [];
    let response: JsonObject = {};
    const take = (message: JsonObject): void => {
      if (!('method' in message)) response = message;
      else notes.push(message);
    };
    if (res.headers['content-type'] === 'text/event-stream') await this.#read(res, take);
    else {
      const whole = await text(res);
      if (whole !== '') take(JSON.parse(whole) as JsonObject);
    }
    const result = isObject(response['result']) ? response['result'] : {};
    const facts = isObject(result['structuredContent']) ? result['structuredContent'] : {};
    return { response, facts, notes };
  }

  /** Reads a stream to its end and answers the requests on it. */
  #read(res: IncomingMessage, take: (message: JsonObject) => void): Promise<void> {
    const parser = createParser({
      onEvent: ({ data }) => {
        if (!data.startsWith('{')) return;
        const message = JSON.parse(data) as JsonObject;
        if ('method' in message && 'id' in message) this.#answer(message).catch(() => undefined);
        else take(message);
      },
    });
    res.setEncoding('utf8').on('data', (chunk: string) => parser.feed(chunk));
    return new Promise((resolve) => {
      res.on('error', () => undefined);
      res.on('close', resolve);
    });
  }

  /** Rejects when the client has been closed meanwhile, which is nobody's concern then. */
  async #answer(request: JsonObject): Promise<void> {
    const result = await this.#answerTo(request);
    await this.#post({ jsonrpc: '2.0', id: request['id'] ?? null, result });
  }

  #send(method: string, headers: Readonly<Record<string, string>>, body?: JsonObject): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const whole = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers };
      const req = httpRequest(this.#url, { method, agent: this.#agent, headers: whole });
      req.on('error', reject);
      req.on('response', resolve);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

async function text(res: IncomingMessage): Promise<string> {
  let whole = '';
  for await (const chunk of res.setEncoding('utf8')) whole += String(chunk);
  return whole;
}

import { type Deferred, deferred } from '../../src/base/index.ts';
import { type Era, isObject, type JsonObject, type JsonValue, metaKey, type RequestId } from '../../src/protocol/index.ts';
import type { Wire } from './wires.ts';

/** One request and all that came for it. */
export interface Told {
  readonly status: number;
  /** Notifications on its stream, in their order. */
  readonly notes: readonly JsonObject[];
  /** The whole JSON-RPC response. */
  readonly response: JsonObject;
  /** How often it was sent, with answers to questions in the modern era. */
  readonly rounds: number;
}

export interface Question {
  readonly method: JsonValue | undefined;
  readonly params: JsonValue | undefined;
}

export type Reply = (method: string, params: JsonObject) => JsonObject | Promise<JsonObject>;

export interface WireClientOptions {
  readonly era: Era;
  readonly capabilities?: JsonObject | undefined;
  /** Answers a question with a bare result; or throws a {@link Refusal}. */
  readonly reply?: Reply | undefined;
}

export interface RequestOptions {
  readonly id?: RequestId;
  readonly meta?: JsonObject;
}

/** A request that was sent. */
export interface Started {
  readonly id: RequestId;
  readonly done: Promise<Told>;
  /** Takes it back in the way of the era and the transport. */
  cancel(): Promise<void>;
}

interface Open {
  readonly notes: JsonObject[];
  readonly answer: Deferred<JsonObject>;
  readonly ended: Deferred<void>;
  isAnswered: boolean;
}

const MAX_ROUNDS = 10;
const OF_A_CALL = new Set(['notifications/progress', 'notifications/message']);
const refusal: Reply = (method) => {
  throw new Refusal({ code: -32601, message: `no reply to ${method}` });
};

/** A JSON-RPC error to answer a question with (legacy). */
export class Refusal extends Error {
  readonly answer: JsonObject;

  constructor(answer: JsonObject) {
    super('refused');
    this.answer = answer;
  }
}

/** A client of either era on raw JSON-RPC: it answers what it is asked, and hides nothing. */
export class WireClient {
  /** What it was asked, as it came. */
  readonly asked: Question[] = [];
  /** Ids of questions that were taken back; legacy. */
  readonly takenBack: JsonValue[] = [];
  /** Notifications that belong to no request, or came when theirs was over. */
  readonly changes: JsonObject[] = [];
  readonly #wire: Wire;
  readonly #options: WireClientOptions;
  readonly #open = new Map<RequestId, Open>();
  #lastId = 100;
  #opening: JsonObject = {};

  private constructor(wire: Wire, options: WireClientOptions) {
    this.#wire = wire;
    this.#options = options;
  }

  static async connect(wire: Wire, options: WireClientOptions): Promise<WireClient> {
    const client = new WireClient(wire, options);
    wire.attach({ message: (message, via) => client.#receive(message, via), ended: (id) => client.#ended(id) });
    client.#opening = await client.#handshake();
    return client;
  }

  get era(): Era {
    return this.#options.era;
  }

  /** The `InitializeResult` or `DiscoverResult`. */
  get opening(): JsonObject {
    return this.#opening;
  }

  /** Makes a request and answers what it is asked meanwhile, until it is done. */
  async call(method: string, params: JsonObject = {}, options: RequestOptions = {}): Promise<Told> {
    const first = await this.start(method, params, options).done;
    const notes = [...first.notes];
    let last = first;
    for (let rounds = 1; ; rounds += 1) {
      const { result } = last.response;
      if (!isObject(result) || result['resultType'] !== 'input_required') return { ...last, notes, rounds };
      if (rounds > MAX_ROUNDS) throw new Error('asked too often');
      const retry = { ...params, ...(await this.answers(result)) };
      last = await this.start(method, retry, options.meta ? { meta: options.meta } : {}).done;
      notes.push(...last.notes);
    }
  }

  /** Makes one request; an `input_required` is its answer. */
  start(method: string, params: JsonObject = {}, { id = ++this.#lastId, meta = {} }: RequestOptions = {}): Started {
    const open: Open = { notes: [], answer: deferred(), ended: deferred(), isAnswered: false };
    this.#open.set(id, open);
    const gone = new AbortController();
    const done = this.#exchange(open, { jsonrpc: '2.0', id, method, params: this.#enveloped(params, meta) }, gone.signal);
    done.catch(() => undefined);
    return {
      id,
      done,
      cancel: async () => {
        if (this.#options.era === 'modern' && this.#wire.hasStreams) return gone.abort();
        await this.notify('notifications/cancelled', { requestId: id, reason: 'enough' });
        open.answer.reject(new Error('taken back'));
      },
    };
  }

  /** What the next round of a modern request has beyond the first. */
  async answers({ inputRequests, requestState }: JsonObject): Promise<JsonObject> {
    const state = requestState === undefined ? {} : { requestState };
    if (inputRequests === undefined) return state;
    const replies = Object.entries(inputRequests as JsonObject).map(async ([key, question]) => {
      const { method, params, ...rest } = question as JsonObject;
      return [key, await this.#reply({ method, params, ...rest })] as const;
    });
    return { inputResponses: Object.fromEntries(await Promise.all(replies)), ...state };
  }

  async notify(method: string, params: JsonObject = {}): Promise<void> {
    await this.#wire.send({ jsonrpc: '2.0', method, params });
  }

  /** Hears of changes from now on, in the way of its era; returns how to stop. */
  async listen({ uris = [], ...lists }: { uris?: string[]; [list: string]: boolean | string[] }): Promise<() => Promise<void>> {
    if (this.#options.era === 'legacy') {
      await this.#wire.listen();
      for (const uri of uris) await this.call('resources/subscribe', { uri });
      return async () => {
        for (const uri of uris) await this.call('resources/unsubscribe', { uri });
      };
    }
    const filter = { ...lists, ...(uris.length > 0 && { resourceSubscriptions: uris }) };
    const listening = this.start('subscriptions/listen', { notifications: filter });
    for (let turn = 0; turn < 400 && !this.changes.some(({ method }) => method === ACKNOWLEDGED); turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return () => listening.cancel();
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  async #handshake(): Promise<JsonObject> {
    const { era, capabilities = {} } = this.#options;
    const opening = { protocolVersion: '2025-11-25', clientInfo: CLIENT_INFO, capabilities };
    const { response } = await (era === 'modern' ? this.call('server/discover') : this.call('initialize', opening));
    if (era === 'legacy') await this.notify('notifications/initialized');
    if (!isObject(response['result'])) throw new Error(`no handshake: ${JSON.stringify(response)}`);
    return response['result'];
  }

  #enveloped(params: JsonObject, meta: JsonObject): JsonObject {
    if (this.#options.era === 'legacy') return Object.keys(meta).length === 0 ? params : { ...params, _meta: meta };
    const envelope = {
      [metaKey.protocolVersion]: '2026-07-28',
      [metaKey.clientInfo]: CLIENT_INFO,
      [metaKey.clientCapabilities]: this.#options.capabilities ?? {},
    };
    return { ...params, _meta: { ...envelope, ...meta } };
  }

  async #exchange({ notes, answer, ended }: Open, message: JsonObject, signal: AbortSignal): Promise<Told> {
    const [status, response] = await Promise.all([this.#wire.send(message, signal), answer.promise]);
    if (this.#wire.hasStreams) await ended.promise;
    return { status, notes, response, rounds: 1 };
  }

  #receive(message: JsonObject, via: RequestId | undefined): void {
    const { id, method } = message;
    if (method === 'notifications/cancelled') this.takenBack.push((message['params'] as JsonObject)['requestId'] ?? null);
    else if (method !== undefined && id !== undefined) void this.#answer(message);
    else if (method !== undefined) this.#note(message, via);
    else this.#answered(message, (id ?? via) as RequestId);
  }

  #answered(message: JsonObject, id: RequestId): void {
    const open = this.#open.get(id);
    if (!open) throw new Error(`An answer to nothing: ${JSON.stringify(message)}`);
    open.isAnswered = true;
    open.answer.resolve(message);
  }

  #note(message: JsonObject, via: RequestId | undefined): void {
    const belongs = OF_A_CALL.has(String(message['method']));
    // Where requests have streams of their own, what comes elsewhere belongs to none.
    const only = this.#wire.hasStreams ? undefined : [...this.#open.values()].at(-1);
    const open = via === undefined ? only : this.#open.get(via);
    if (belongs && open && !open.isAnswered) open.notes.push(message);
    else this.changes.push(message);
  }

  async #answer({ id, method, params, ...rest }: JsonObject): Promise<void> {
    const { jsonrpc, ...unknown } = rest;
    try {
      const result = await this.#reply({ method, params, ...unknown });
      await this.#wire.send({ jsonrpc: jsonrpc ?? '2.0', id, result });
    } catch (error) {
      await this.#wire.send({
        jsonrpc: '2.0',
        id,
        error: error instanceof Refusal ? error.answer : { code: -32603, message: String(error) },
      });
    }
  }

  async #reply(question: JsonObject): Promise<JsonObject> {
    const { method, params, ...rest } = question;
    this.asked.push({ method, params, ...rest });
    return (this.#options.reply ?? refusal)(String(method), isObject(params) ? params : {});
  }

  #ended(id: RequestId): void {
    const open = this.#open.get(id);
    open?.answer.reject(new Error('the stream ended without an answer'));
    open?.ended.resolve();
  }
}

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const CLIENT_INFO = { name: 'wire', version: '1' };

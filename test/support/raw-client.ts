import type { Era, JsonObject } from '../../src/protocol/index.ts';
import { legacy, modern, open, type Sent, startSession } from '../downstream/harness.ts';

/** The answer to one request as it travelled, with the notifications that came before it on the same stream. */
export interface RawAnswer {
  readonly status: number;
  readonly notes: readonly JsonObject[];
  /** The whole JSON-RPC response. */
  readonly response: JsonObject;
}

export interface RawRequest {
  readonly id?: string | number;
  readonly meta?: JsonObject;
}

/** A client of either era that shows every message as it travels, where an SDK would hide some of it. */
export class RawClient {
  readonly #url: string;
  readonly #era: Era;
  readonly #session: string | undefined;

  private constructor(url: string, era: Era, session?: string) {
    this.#url = url;
    this.#era = era;
    this.#session = session;
  }

  static async connect(url: string, era: Era): Promise<RawClient> {
    if (era === 'modern') return new RawClient(url, era);
    const client = new RawClient(url, era, await startSession(url));
    await client.post(client.#sent('notifications/initialized', {}, {}));
    return client;
  }

  /** Makes one request and reads its whole answer. */
  request(method: string, params: JsonObject = {}, request: RawRequest = {}): Promise<RawAnswer> {
    return this.post(this.#sent(method, params, request));
  }

  /** Posts anything. */
  async post(sent: Sent): Promise<RawAnswer> {
    const reading = await open(this.#url, sent);
    await reading.ended;
    if (reading.status === 202) return { status: 202, notes: [], response: {} };
    const isStream = reading.headers['content-type'] === 'text/event-stream';
    const messages = (isStream ? reading.events.map(({ data }) => data) : [reading.text()]).map(parsed);
    return { status: reading.status, notes: messages.slice(0, -1), response: messages.at(-1) ?? {} };
  }

  /** Ends a legacy session. */
  async close(): Promise<void> {
    if (this.#session) await (await open(this.#url, { method: 'DELETE', headers: { 'mcp-session-id': this.#session } })).ended;
  }

  #sent(method: string, params: JsonObject, { id = 1, meta }: RawRequest): Sent {
    if (this.#era === 'modern') return modern(method, params, meta, id);
    const whole = meta ? { ...params, _meta: meta } : params;
    const { id: _id, ...notification } = legacy(method, whole);
    const body = method.startsWith('notifications/') ? notification : legacy(method, whole, id);
    return { headers: { 'mcp-session-id': this.#session ?? '', 'mcp-protocol-version': '2025-11-25' }, body };
  }
}

const parsed = (text: string): JsonObject => JSON.parse(text) as JsonObject;

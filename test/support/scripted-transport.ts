import { type Disposable, Emitter, HubError } from '../../src/base/index.ts';
import { isNotification, isRequest, type Message, type RequestId, type RequestMessage } from '../../src/protocol/index.ts';
import type { SendOptions, Transport, TransportEvents } from '../../src/upstream/index.ts';

/** What a scripted server does with one request: a result, an error, nothing, or the end of the transport. */
export type ScriptedReply =
  | { readonly result: object }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
  | { readonly failed: HubError }
  | 'silence'
  | 'exit';

export interface ScriptedTransportOptions {
  readonly hasRequestStreams?: boolean;
  /** The reply to each request; called when it arrives. */
  readonly script: (request: RequestMessage, options: SendOptions) => ScriptedReply;
}

/** A transport without an outside: replies as a test says and keeps what was sent. */
export class ScriptedTransport implements Transport {
  readonly hasRequestStreams: boolean;
  readonly sent: Message[] = [];
  readonly versions: string[] = [];
  readonly abandoned: RequestId[] = [];
  closes = 0;
  /** When notifications have been delivered. */
  delivery: Promise<void> = Promise.resolve();
  readonly #events = new Emitter<TransportEvents>((error) => {
    throw error;
  });
  readonly #script: ScriptedTransportOptions['script'];

  constructor({ hasRequestStreams = false, script }: ScriptedTransportOptions) {
    this.hasRequestStreams = hasRequestStreams;
    this.#script = script;
  }

  /** Methods of the requests and notifications that were sent, in order. */
  get methods(): string[] {
    return this.sent.flatMap((message) => (isRequest(message) || isNotification(message) ? [message.method] : []));
  }

  on<K extends keyof TransportEvents>(name: K, listener: (event: TransportEvents[K]) => void): Disposable {
    return this.#events.on(name, listener);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  async send(message: Message, options: SendOptions = {}): Promise<void> {
    this.sent.push(message);
    if (!isRequest(message)) return this.delivery;
    const reply = this.#script(message, options);
    if (reply !== 'silence') queueMicrotask(() => this.reply(message.id, reply));
  }

  /** Replies to an earlier request. */
  reply(id: RequestId, reply: Exclude<ScriptedReply, 'silence'>): void {
    if (reply === 'exit') this.exit();
    else if ('failed' in reply) this.#events.emit('requestFailed', { id, error: reply.failed });
    else this.receive({ jsonrpc: '2.0', id, ...reply });
  }

  receive(message: object, via?: number): void {
    this.#events.emit('message', { message: message as Message, via });
  }

  exit(): void {
    this.#events.emit('closed', new HubError('UPSTREAM_EXITED', 'Server "srv" exited with code 1.'));
  }

  abandon(id: RequestId): void {
    this.abandoned.push(id);
  }

  setProtocolVersion(version: string): void {
    this.versions.push(version);
  }

  async close(): Promise<void> {
    this.closes += 1;
  }
}

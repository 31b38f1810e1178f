import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/index.ts';
import { changeKindOf, errorMessage, isNotification, isResponse, type Message, messageLine, rpcCode, sseFrame } from '../protocol/index.ts';
import { type EventOwner, EventStore, type StoredEvent } from './event-store.ts';
import { EventStream } from './event-stream.ts';
import type { MessageStream } from './message-stream.ts';

/** How long clients are asked to wait before they come back, in milliseconds. */
const RETRY_MS = 1_000;

/** What the streams of one session have in common. */
export interface StreamHome {
  readonly clock: Clock;
  readonly store: EventStore;
  /** Whether the client understands an event without data; older ones take it for a broken message. */
  readonly primes: boolean;
  /** The stream has a connection now, or none any more. */
  connection(stream: ResumableStream, isOpen: boolean): void;
  /** The stream is over, and nothing of it is kept. */
  forgotten(stream: ResumableStream): void;
}

export interface ResumableStreamOptions {
  /** Unique in the session. */
  readonly name: string;
  /** What the ids of its events begin with. */
  readonly prefix: string;
  /** Whether a client that has no id of it can come back to it. */
  readonly isStandalone: boolean;
}

/**
 * One event stream of a session, which outlives its connections: every event has an id, and a client that comes back
 * with the id of the last one that it got is sent what it missed (spec 2025-11-25 basic/transports, "Resumability and
 * Redelivery").
 */
export class ResumableStream implements MessageStream, EventOwner {
  readonly #home: StreamHome;
  readonly #options: ResumableStreamOptions;
  #connection: EventStream | undefined;
  /** The newest event. */
  #lastSeq = 0;
  /** The newest event that was written to a connection. */
  #writtenSeq = 0;
  #kept = 0;
  #retryDue = false;
  #isOver = false;
  /** When a connection took the end of the stream. */
  #takenMs: number | undefined;

  constructor(home: StreamHome, options: ResumableStreamOptions) {
    this.#home = home;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen === true;
  }

  /** Sends on this connection from now on, in the place of the one before, and first what came after `seq`. */
  connect(res: ServerResponse, headers?: Readonly<Record<string, string>>, seq = this.#writtenSeq): void {
    const { clock, store, primes } = this.#home;
    const before = this.#connection;
    const connection = EventStream.open(res, { clock, headers, onClose: () => this.#disconnected(connection) });
    this.#connection = connection;
    before?.end();
    this.#retryDue = true;
    const missed = store.after(this, seq);
    for (const event of missed) this.#write(event.seq, event.text);
    if (this.#isOver) this.#finish(connection);
    else if (primes && missed.length === 0) this.#prime();
    this.#home.connection(this, true);
  }

  /** Whether a client that has got everything up to `seq` can be sent the rest, or what is left of it. */
  canResumeAfter(seq: number): boolean {
    if (seq > this.#lastSeq) return false;
    return !this.#isOver || seq === this.#lastSeq || this.#home.store.after(this, seq).length > 0;
  }

  /** Sends a message now or, when nobody reads, to the client that comes back. False when it is over. */
  send(message: Message): boolean {
    if (this.#isOver) return false;
    const key = this.isOpen ? undefined : keyOf(message);
    if (key !== undefined && this.#home.store.after(this, this.#writtenSeq).some((event) => event.key === key)) return true;
    this.#lastSeq += 1;
    const text = this.#frame(message);
    this.#keep(message, text, key);
    this.#write(this.#lastSeq, text);
    return true;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#connection) this.#finish(this.#connection);
    this.#forgetIfEmpty();
  }

  /** Whether the client must be thought to have had this event since before that time. */
  isSettled({ seq, atMs }: StoredEvent, beforeMs: number): boolean {
    if (seq > this.#writtenSeq || atMs > beforeMs) return false;
    return this.isOpen || (this.#takenMs !== undefined && this.#takenMs <= beforeMs);
  }

  dropped(): void {
    this.#kept -= 1;
    this.#forgetIfEmpty();
  }

  #keep(message: Message, frame: string, key: string | undefined): void {
    const text = EventStore.hasRoomFor(frame) ? frame : this.#inPlaceOf(message, frame.length);
    if (text === undefined) return;
    this.#kept += 1;
    const isAwaited = !isNotification(message);
    this.#home.store.add({ owner: this, seq: this.#lastSeq, text, isAwaited, key, atMs: this.#home.clock.now() });
  }

  /** What a client that comes back for a response that cannot be kept is sent: it shall not wait for ever. */
  #inPlaceOf(message: Message, length: number): string | undefined {
    if (!isResponse(message)) return undefined;
    const words = `The answer was lost with the connection: it is too large (${length} characters) to be kept. The request was carried out.`;
    return this.#frame(errorMessage(message.id ?? null, { code: rpcCode.internalError, message: words }));
  }

  #frame(message: Message): string {
    return sseFrame({ event: 'message', id: this.#id(), data: messageLine(message) });
  }

  #id(): string {
    return `${this.#options.prefix}${this.#lastSeq}`;
  }

  /** Gives the client an id to come back with, before there is anything to send. */
  #prime(): void {
    this.#lastSeq += 1;
    this.#write(this.#lastSeq, sseFrame({ id: this.#id(), data: '' }));
  }

  #write(seq: number, text: string): void {
    if (!this.#connection?.sendText(this.#retryDue ? `retry: ${RETRY_MS}\n${text}` : text)) return;
    this.#retryDue = false;
    if (seq > this.#writtenSeq) this.#writtenSeq = seq;
  }

  #finish(connection: EventStream): void {
    if (connection.isOpen) this.#takenMs = this.#home.clock.now();
    connection.end();
  }

  #disconnected(connection: EventStream): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#home.connection(this, false);
    if (this.#writtenSeq > 0 || this.#options.isStandalone) return;
    // Its client has no id, so that it cannot come back.
    this.#isOver = true;
    this.#home.store.drop(({ owner }) => owner === this);
    this.#home.forgotten(this);
  }

  #forgetIfEmpty(): void {
    if (this.#isOver && this.#kept === 0) this.#home.forgotten(this);
  }
}

/** That something changed is said once, however often it did. */
function keyOf(message: Message): string | undefined {
  if (!isNotification(message)) return undefined;
  if (changeKindOf(message.method)) return message.method;
  return message.method === 'notifications/resources/updated' ? `${message.method} ${String(message.params?.['uri'])}` : undefined;
}

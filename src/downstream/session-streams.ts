import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/index.ts';
import { type EventBudget, EventStore } from './event-store.ts';
import type { StreamSource } from './exchange.ts';
import { ResumableStream, type StreamHome } from './resumable-stream.ts';

/** How long an event is kept that its client must be thought to have, in milliseconds. */
const KEEP_SETTLED_MS = 300_000;

/** The first revision whose clients are told about priming events (SEP-1699). */
const PRIMING_SINCE = '2025-11-25';

export interface SessionStreamsOptions {
  /** Of the session. */
  readonly id: string;
  readonly clock: Clock;
  readonly budget: EventBudget;
  /** The revision that the session speaks, once that is agreed on. */
  readonly version: () => string | undefined;
  /** A stream has a connection now, or none any more. */
  readonly onConnection: (stream: ResumableStream, isOpen: boolean) => void;
}

/**
 * The event streams of one session: the one of its own, and one for each POST that is answered with a stream. An id of an
 * event is the session's tag, the name of its stream and its place there.
 */
export class SessionStreams implements StreamSource, StreamHome {
  readonly clock: Clock;
  readonly store: EventStore;
  /** What belongs to no request. */
  readonly standalone: ResumableStream;
  readonly #options: SessionStreamsOptions;
  readonly #byName = new Map<string, ResumableStream>();
  #lastName = 0;
  #closed = false;

  constructor(options: SessionStreamsOptions) {
    this.clock = options.clock;
    this.store = new EventStore(options.budget);
    this.#options = options;
    this.standalone = this.#create('0', true);
  }

  get primes(): boolean {
    const version = this.#options.version();
    return version !== undefined && version >= PRIMING_SINCE;
  }

  /** A stream for one POST, on the answer to it. */
  open(res: ServerResponse, headers?: Readonly<Record<string, string>>): ResumableStream {
    this.#lastName += 1;
    const stream = this.#create(String(this.#lastName), false);
    stream.connect(res, headers);
    if (this.#closed) stream.end();
    return stream;
  }

  /**
   * Goes on with the stream that this event was on, on a new connection. False when the id is not one of this session's, or
   * nothing of what came after it is kept.
   */
  resume(lastEventId: string, res: ServerResponse): boolean {
    const [tag, name = '', place = '', ...rest] = lastEventId.split('-');
    if (tag !== this.#tag || rest.length > 0 || !/^\d{1,15}$/.test(place)) return false;
    const stream = this.#byName.get(name);
    const seq = Number(place);
    if (!stream?.canResumeAfter(seq)) return false;
    stream.connect(res, undefined, seq);
    return true;
  }

  /** Forgets what clients have had for a while. */
  sweep(): void {
    const beforeMs = this.clock.now() - KEEP_SETTLED_MS;
    this.store.drop((event) => event.owner.isSettled(event, beforeMs));
  }

  /** Ends every stream and forgets everything. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#byName.values()) stream.end();
    this.store.drop(() => true);
  }

  connection(stream: ResumableStream, isOpen: boolean): void {
    this.#options.onConnection(stream, isOpen);
  }

  forgotten(stream: ResumableStream): void {
    this.#byName.delete(stream.name);
  }

  /** Tells the ids of one session from those of another. */
  get #tag(): string {
    return this.#options.id.slice(0, 8);
  }

  #create(name: string, isStandalone: boolean): ResumableStream {
    const stream = new ResumableStream(this, { name, prefix: `${this.#tag}-${name}-`, isStandalone });
    this.#byName.set(name, stream);
    return stream;
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Disposable, Disposables, HubError, type Logger } from '../base/index.ts';
import type { EventFeed, FeedEvent } from './event-feed.ts';
import type { RequestTarget } from './request-target.ts';
import { EventReader, MAX_UNREAD_BYTES } from './event-reader.ts';

/** Where the events are read. */
export const EVENTS_PATH = '/api/events';
/** How often readers are sent a sign of life, in milliseconds: at least every ten seconds, so a little sooner. */
const HEARTBEAT_MS = 9_000;
/** Most readers at once. */
const MAX_READERS = 1_000;

export interface EventStreamsOptions {
  readonly feed: () => EventFeed;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Every open `GET /api/events`. The form on the wire is as narrow as the narrowest reader wants it, which takes it apart by
 * pattern: `event:` first, then `id:`, then `data:` in one line, LF only, and neither comments nor `retry:`.
 */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #readers = new Set<EventReader>();
  /** Each event is put into its form once, for everybody who reads it now or later. */
  readonly #blocks = new WeakMap<FeedEvent, Buffer>();
  /** What runs while there are readers. */
  #running: Disposables | undefined;
  #heartbeat: Disposable | undefined;
  #opened = 0;
  #isClosed = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** How many read now. */
  get count(): number {
    return this.#readers.size;
  }

  /** How many have ever come. */
  get opened(): number {
    return this.#opened;
  }

  /** Begins a stream; an error to answer with, where there is none to be had. */
  open(req: IncomingMessage, res: ServerResponse, { searchParams }: RequestTarget): HubError | undefined {
    const refusal = this.#refusal(req);
    if (refusal) {
      if (refusal.code === 'METHOD_NOT_ALLOWED') res.setHeader('allow', 'GET');
      return refusal;
    }
    req.resume();
    if (res.destroyed) return undefined;
    const lastId = [req.headers['last-event-id']].flat()[0] ?? searchParams.get('lastEventId') ?? '';
    const feed = this.#options.feed();
    const first = (lastId === '' ? undefined : feed.since(lastId)) ?? feed.snapshot();
    const reader = new EventReader(res, this.#options.clock);
    this.#opened += 1;
    this.#readers.add(reader);
    this.#running ??= this.#run(feed);
    reader.open(
      first.map((event) => this.#blockOf(event)),
      () => this.#left(reader),
    );
    return undefined;
  }

  /** `activeClients` and `connections` of `GET /api/health`. */
  summary(): { readonly activeClients: number; readonly connections: object } {
    const connections = [...this.#readers].map((reader) => reader.summary());
    return { activeClients: this.#readers.size, connections: { totalConnections: connections.length, connections } };
  }

  /** Ends every stream after what was sent on it, and lets nobody in any more. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
    this.#rest();
  }

  #refusal({ method }: IncomingMessage): HubError | undefined {
    if (method !== 'GET') return new HubError('METHOD_NOT_ALLOWED', `There is no ${method} ${EVENTS_PATH}. Events are read with GET.`);
    if (this.#isClosed) return new HubError('SHUTTING_DOWN', 'The hub is stopping and tells of nothing any more.');
    if (this.#readers.size < MAX_READERS) return undefined;
    return new HubError('LIMIT_EXCEEDED', `${MAX_READERS} programs read the events already. Close one of them first.`);
  }

  #run(feed: EventFeed): Disposables {
    const running = new Disposables();
    running.add(feed.on((event) => this.#send(this.#blockOf(event))));
    running.defer(() => this.#heartbeat?.dispose());
    this.#beatLater();
    return running;
  }

  #rest(): void {
    this.#running?.dispose();
    this.#running = undefined;
  }

  #beatLater(): void {
    const { clock } = this.#options;
    this.#heartbeat = clock.after(HEARTBEAT_MS, () => {
      const json = JSON.stringify({ connections: this.#readers.size, timestamp: new Date(clock.now()).toISOString() });
      this.#beatLater();
      this.#send(blockOf({ id: '', name: 'heartbeat', json }));
    });
  }

  #send(block: Buffer): void {
    let dropped = 0;
    for (const reader of this.#readers) {
      if (reader.send(block)) continue;
      this.#readers.delete(reader);
      dropped += 1;
    }
    if (dropped > 0) this.#options.logger.warn(droppedText(dropped), { dropped, maxUnreadBytes: MAX_UNREAD_BYTES });
    if (this.#readers.size === 0) this.#rest();
  }

  #left(reader: EventReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#rest();
  }

  #blockOf(event: FeedEvent): Buffer {
    const known = this.#blocks.get(event);
    if (known) return known;
    const block = blockOf(event);
    this.#blocks.set(event, block);
    return block;
  }
}

function droppedText(count: number): string {
  return `${count} ${count === 1 ? 'reader' : 'readers'} of ${EVENTS_PATH} did not read and had to be dropped.`;
}

function blockOf({ id, name, json }: FeedEvent): Buffer {
  return Buffer.from(`event: ${name}\n${id === '' ? '' : `id: ${id}\n`}data: ${json}\n\n`);
}

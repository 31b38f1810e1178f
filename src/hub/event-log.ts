import { type Clock, type Disposable, Emitter, jsonText } from '../base/index.ts';
import type { EventFeed, FeedEvent } from '../http/index.ts';
import type { News, Publish } from './news.ts';

/** What is remembered for readers that come back, at most: so many events, */
const MAX_EVENTS = 2_000;
/** so many bytes of JSON, */
const MAX_BYTES = 4 * 1024 * 1024;
/** and none older than this, in milliseconds. */
const MAX_AGE_MS = 5 * 60_000;

export interface EventLogOptions {
  readonly clock: Clock;
  /** Differs between any two hub processes, so that an id of another one is recognised; letters and digits. */
  readonly boot: string;
  /** What clients of the management API take for the hub's version. */
  readonly version: string;
  /** The port that the hub listens on; asked when an event is made. */
  readonly port: () => number;
  /** Told of a reader's listener that throws. */
  readonly onListenerError: (error: unknown) => void;
}

interface Remembered {
  readonly event: FeedEvent;
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * What has happened in the hub in the last minutes, told to whoever listens in the order in which it happened. Ids are
 * `<boot>-<number>`, and what is remembered has no gaps: a reader gets everything after an id, or hears that it cannot.
 */
export class EventLog implements EventFeed {
  readonly #options: EventLogOptions;
  readonly #emitter: Emitter<{ event: FeedEvent }>;
  #state: Extract<News, { readonly name: 'hub_state' }>['data'] = { state: 'starting' };
  /** Oldest first. */
  readonly #kept: Remembered[] = [];
  #keptBytes = 0;
  /** The number of the newest event. */
  #last = 0;
  /** What is still to be told, while something is being told. */
  #untold: FeedEvent[] | undefined;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#emitter = new Emitter(options.onListenerError);
  }

  /**
   * Tells all readers. News that come while others are told wait for their turn; a log record that comes then is about the
   * telling itself, and is not told.
   */
  readonly publish: Publish = (news) => {
    if (this.#untold && news.name === 'log') return;
    if (news.name === 'hub_state') this.#state = news.data;
    const json = this.#toJson(news.name === 'hub_state' ? this.#stateData() : news.data);
    if (json !== undefined) this.#tell(this.#remember(news.name, json));
  };

  on(listener: (event: FeedEvent) => void): Disposable {
    return this.#emitter.on('event', listener);
  }

  snapshot(): readonly FeedEvent[] {
    return [this.#stateEvent(this.#idOf(this.#last), {})];
  }

  since(id: string): readonly FeedEvent[] | undefined {
    const seen = this.#numberOf(id);
    this.#forget();
    if (seen === undefined || seen > this.#last || seen < this.#last - this.#kept.length) return undefined;
    const missed = this.#kept.slice(this.#kept.length - (this.#last - seen));
    return [this.#stateEvent('', { resumed: true }), ...missed.map(({ event }) => event)];
  }

  #remember(name: FeedEvent['name'], json: string): FeedEvent {
    this.#last += 1;
    const event = Object.freeze({ id: this.#idOf(this.#last), name, json });
    const bytes = Buffer.byteLength(json);
    this.#kept.push({ event, atMs: this.#options.clock.now(), bytes });
    this.#keptBytes += bytes;
    this.#forget();
    return event;
  }

  /** Drops the oldest events over the limits. */
  #forget(): void {
    const oldestMs = this.#options.clock.now() - MAX_AGE_MS;
    let count = 0;
    for (const { atMs, bytes } of this.#kept) {
      if (this.#kept.length - count <= MAX_EVENTS && this.#keptBytes <= MAX_BYTES && atMs >= oldestMs) break;
      this.#keptBytes -= bytes;
      count += 1;
    }
    this.#kept.splice(0, count);
  }

  #tell(event: FeedEvent): void {
    if (this.#untold) {
      this.#untold.push(event);
      return;
    }
    const untold = [event];
    this.#untold = untold;
    for (const each of untold) this.#emitter.emit('event', each);
    this.#untold = undefined;
  }

  #stateEvent(id: string, more: object): FeedEvent {
    return { id, name: 'hub_state', json: this.#toJson({ ...this.#stateData(), ...more }) ?? '{}' };
  }

  #stateData(): object {
    const { version, port } = this.#options;
    const { state } = this.#state;
    // Clients of mcp-hub 4.x find it in this state.
    const more = state === 'restarted' ? { has_restarted: true } : {};
    return { ...this.#state, server_id: 'mcp-hub', version, pid: process.pid, port: port(), ...more };
  }

  /** `undefined` for what is no JSON, such as an object that contains itself: nobody could be told of it. */
  #toJson(data: object): string | undefined {
    const timestamp = new Date(this.#options.clock.now()).toISOString();
    try {
      return jsonText({ ...data, timestamp: 'timestamp' in data ? data.timestamp : timestamp });
    } catch {
      // Expected: TypeError. To publish never throws, and the log file has what was said.
      return undefined;
    }
  }

  #idOf(number: number): string {
    return `${this.#options.boot}-${number}`;
  }

  #numberOf(id: string): number | undefined {
    const prefix = `${this.#options.boot}-`;
    const digits = id.startsWith(prefix) ? id.slice(prefix.length) : '';
    return /^(?:0|[1-9]\d{0,14})$/.test(digits) ? Number(digits) : undefined;
  }
}

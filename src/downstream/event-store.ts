/** Most events kept for one session. */
const MAX_EVENTS = 256;
/** Most characters of events kept for one session; not more than may wait for a client to read, so that all of it can be sent again. */
const MAX_SESSION_CHARS = 4 * 1024 * 1024;
/** Most characters of events kept in the whole hub. */
const MAX_TOTAL_CHARS = 64 * 1024 * 1024;

/** The stream that an event belongs to, as far as the store has to know it. */
export interface EventOwner {
  /** Whether its client must be thought to have had this event since before that time. */
  isSettled(event: StoredEvent, beforeMs: number): boolean;
  /** Told that one of its events is no longer kept. */
  dropped(): void;
}

/** One event as it goes over the wire. */
export interface StoredEvent {
  readonly owner: EventOwner;
  /** Its place on its stream. */
  readonly seq: number;
  /** The whole frame. */
  readonly text: string;
  /** A response or a request: somebody waits for it. */
  readonly isAwaited: boolean;
  /** Events of one stream with the same key say the same. */
  readonly key: string | undefined;
  /** When it came about: milliseconds since the epoch. */
  readonly atMs: number;
}

/** What the stores of all sessions may keep together. When that is used up, the fullest store gives something up. */
export class EventBudget {
  readonly #maxChars: number;
  readonly #stores = new Set<EventStore>();
  #used = 0;

  constructor(maxChars = MAX_TOTAL_CHARS) {
    this.#maxChars = maxChars;
  }

  /** Characters that are kept now. */
  get used(): number {
    return this.#used;
  }

  take(store: EventStore, chars: number): void {
    this.#used += chars;
    this.#stores.add(store);
    while (this.#used > this.#maxChars && this.#fullest()?.dropOne());
  }

  release(store: EventStore, chars: number): void {
    this.#used -= chars;
    if (store.chars === 0) this.#stores.delete(store);
  }

  #fullest(): EventStore | undefined {
    let fullest: EventStore | undefined;
    for (const store of this.#stores) if (!fullest || store.chars > fullest.chars) fullest = store;
    return fullest;
  }
}

/** The events of one session that its client may still ask for, of all its streams, oldest first. Empty, it holds nothing. */
export class EventStore {
  readonly #budget: EventBudget;
  #events: StoredEvent[] | undefined;
  #chars = 0;

  constructor(budget: EventBudget) {
    this.#budget = budget;
  }

  /** Characters that are kept now. */
  get chars(): number {
    return this.#chars;
  }

  /** Whether an event of that length can be kept at all. */
  static hasRoomFor(text: string): boolean {
    return text.length <= MAX_SESSION_CHARS;
  }

  /** Keeps an event, at the cost of older ones when there is no room. */
  add(event: StoredEvent): void {
    this.#events ??= [];
    this.#events.push(event);
    this.#chars += event.text.length;
    this.#budget.take(this, event.text.length);
    while (this.#events.length > MAX_EVENTS || this.#chars > MAX_SESSION_CHARS) if (!this.dropOne()) return;
  }

  /** The events of one stream after that place on it. */
  after(owner: EventOwner, seq: number): readonly StoredEvent[] {
    return this.#events?.filter((event) => event.owner === owner && event.seq > seq) ?? [];
  }

  /** Gives up the event that is missed the least; false when nothing is kept. */
  dropOne(): boolean {
    const [event] = this.#events?.splice(leastMissed(this.#events), 1) ?? [];
    if (event) this.#release(event);
    return event !== undefined;
  }

  /** Gives up every event that is meant. */
  drop(isMeant: (event: StoredEvent) => boolean): void {
    const events = this.#events;
    if (!events) return;
    const kept: StoredEvent[] = [];
    const given: StoredEvent[] = [];
    for (const event of events) (isMeant(event) ? given : kept).push(event);
    this.#events = kept.length > 0 ? kept : undefined;
    for (const event of given) this.#release(event);
  }

  #release(event: StoredEvent): void {
    this.#chars -= event.text.length;
    this.#budget.release(this, event.text.length);
    event.owner.dropped();
  }
}

/**
 * The place of the oldest event that its client has or, when there is none, of the oldest; of either, a
 * notification goes first.
 */
function leastMissed(events: readonly StoredEvent[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [at, event] of events.entries()) {
    const missed = (event.owner.isSettled(event, Number.POSITIVE_INFINITY) ? 0 : 2) + (event.isAwaited ? 1 : 0);
    if (missed === 0) return at;
    if (missed >= least) continue;
    best = at;
    least = missed;
  }
  return best;
}

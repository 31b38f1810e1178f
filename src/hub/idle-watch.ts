import type { Clock, Disposable } from '../base/index.ts';

/** How often it is looked who is there, in milliseconds; so long must nobody have been there at least. */
const LOOK_EVERY_MS = 1_000;
/** How long a hub waits for its very first client at least, in milliseconds. */
const FIRST_CLIENT_WITHIN_MS = 60_000;

export interface IdleWatchOptions {
  readonly clock: Clock;
  /** How many clients of each kind are there now. */
  readonly clients: readonly (() => number)[];
  /** The calls in flight, and those ever begun: some clients are there only while they call. */
  readonly calls: () => { readonly running: number; readonly begun: number };
  /** How long nobody may be there before {@link onIdle}; `undefined`: for ever. In milliseconds. */
  readonly delayMs: number | undefined;
  /** Told when something of it has changed. */
  readonly onChange: (presence: Presence) => void;
  /** Told once when nobody has needed the hub for long enough. */
  readonly onIdle: () => void;
}

/** Who is there, as others may want to know. */
export interface Presence {
  readonly clients: number;
  /** Since when nobody is there while that ends the hub, in milliseconds since the epoch. */
  readonly emptySinceMs: number | undefined;
}

/**
 * Looks once a second who needs the hub, and finds out when nobody does any more. It looks, instead of being told, so that
 * coming and going costs a call nothing.
 */
export class IdleWatch implements Disposable {
  readonly #options: IdleWatchOptions;
  #timer: Disposable | undefined;
  #begun = 0;
  #wasNeeded = false;
  #sinceMs = 0;
  #told: Presence = { clients: 0, emptySinceMs: undefined };

  constructor(options: IdleWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sinceMs = this.#options.clock.now();
    this.#begun = this.#options.calls().begun;
    this.#lookLater();
  }

  dispose(): void {
    this.#timer?.dispose();
  }

  #lookLater(): void {
    this.#timer = this.#options.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  #look(): void {
    const { calls, clients: kinds, clock, delayMs, onIdle } = this.#options;
    const nowMs = clock.now();
    const clients = kinds.reduce((sum, count) => sum + count(), 0);
    const { running, begun } = calls();
    const isNeeded = clients > 0 || running > 0 || begun !== this.#begun;
    this.#begun = begun;
    if (isNeeded) {
      this.#wasNeeded = true;
      this.#sinceMs = nowMs;
    }
    const isLeaving = delayMs !== undefined && !isNeeded && this.#wasNeeded;
    this.#tell({ clients, emptySinceMs: isLeaving ? this.#sinceMs : undefined });
    const patienceMs = this.#wasNeeded ? (delayMs ?? Infinity) : Math.max(delayMs ?? Infinity, FIRST_CLIENT_WITHIN_MS);
    if (!isNeeded && nowMs - this.#sinceMs >= patienceMs) onIdle();
    else this.#lookLater();
  }

  #tell(presence: Presence): void {
    if (presence.clients === this.#told.clients && presence.emptySinceMs === this.#told.emptySinceMs) return;
    this.#told = presence;
    this.#options.onChange(presence);
  }
}

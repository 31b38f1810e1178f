export interface TrafficOptions {
  readonly perSecond: number;
  /** Calls that wait for an answer at the same time, at most. */
  readonly inFlight: number;
}

/** Somebody who goes on calling, whatever becomes of it. */
export class Traffic<T> {
  readonly outcomes: T[] = [];
  readonly #call: () => Promise<T>;
  readonly #options: TrafficOptions;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(call: () => Promise<T>, options: TrafficOptions) {
    this.#call = call;
    this.#options = options;
  }

  begin(): void {
    this.#timer = setInterval(() => this.#next(), 1_000 / this.#options.perSecond);
  }

  /** Makes no more calls, and waits for the end of each. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #next(): void {
    if (this.#open.size >= this.#options.inFlight) return;
    const open = this.#call()
      .then((outcome) => void this.outcomes.push(outcome))
      .finally(() => this.#open.delete(open));
    this.#open.add(open);
  }
}

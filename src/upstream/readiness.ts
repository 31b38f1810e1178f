import { type CancelSignal, type Clock, type Deferred, deferred, HubError, waitAtMost } from '../base/index.ts';
import { notReady } from './not-ready.ts';
import type { Connection, UpstreamState } from './types.ts';

/** A connection that is as good as lost is gone within this time, in milliseconds. */
const MOMENT_MS = 3_000;

export interface ReadinessOptions {
  readonly id: string;
  readonly clock: Clock;
  /** How long requests wait for a start, counted from its beginning, in milliseconds; asked for every wait. */
  readonly startupWaitMs: () => number;
  readonly now: { readonly state: UpstreamState; readonly connection: Connection | undefined };
}

/** The waits of those who need an upstream that is not ready yet. */
export class Readiness {
  readonly #options: ReadinessOptions;
  /** When the wait began that requests take part in. */
  #sinceMs = 0;
  #firstAttempt: Deferred<void> | undefined;
  #changed: Deferred<void> = deferred();

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** The connection in use. */
  get current(): Connection | undefined {
    return this.#options.now.connection;
  }

  /** Whoever waits from now on waits for what begins now. */
  waitFrom(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  /** Attempts begin, of which the first one is waited for. */
  expectAttempt(): void {
    this.#firstAttempt ??= deferred();
  }

  /** Resolves when the first attempt has ended, or there is none; never rejects. */
  get attempted(): Promise<void> {
    return this.#firstAttempt?.promise ?? Promise.resolve();
  }

  /** The state is another one. */
  changed(): void {
    if (this.#options.now.state.kind !== 'starting') {
      this.#firstAttempt?.resolve();
      this.#firstAttempt = undefined;
    }
    const changed = this.#changed;
    this.#changed = deferred();
    changed.resolve();
  }

  /** As {@link Upstream.settled}. */
  async settled(signal: CancelSignal): Promise<void> {
    const first = this.#firstAttempt;
    if (!first || this.#options.now.state.kind !== 'starting') return;
    const leftMs = this.#sinceMs + this.#options.startupWaitMs() - this.#options.clock.now();
    if (leftMs > 0) await waitAtMost(first.promise, { clock: this.#options.clock, atMostMs: leftMs, signal });
  }

  /** @throws HubError SERVER_NOT_CONNECTED, CANCELLED */
  async connection(signal: CancelSignal): Promise<Connection> {
    const { id, clock, startupWaitMs, now } = this.#options;
    const untilMs = this.#sinceMs + startupWaitMs();
    for (;;) {
      const ready = now.connection;
      if (ready) return ready;
      if (signal.aborted) throw new HubError('CANCELLED', `The request to server "${id}" was taken back.`, { cause: signal.reason });
      const nowMs = clock.now();
      if (nowMs >= untilMs || !isWorthWaiting(now.state, untilMs)) throw notReady(id, now.state, nowMs);
      await waitAtMost(this.#changed.promise, { clock, atMostMs: untilMs - nowMs, signal });
    }
  }

  /** Resolves once `connection` is not the one in use, or after a moment; true when it is not. */
  async replaced(connection: Connection, signal: CancelSignal): Promise<boolean> {
    const isReplaced = (): boolean => this.current !== connection;
    if (!isReplaced()) await waitAtMost(this.#changed.promise, { clock: this.#options.clock, atMostMs: MOMENT_MS, signal });
    return isReplaced();
  }
}

function isWorthWaiting(state: UpstreamState, untilMs: number): boolean {
  if (state.kind === 'starting') return true;
  // After a crash the next attempt is near; after more of them, the caller is told rather than kept.
  return state.kind === 'backoff' && state.attempt === 1 && state.untilMs < untilMs;
}

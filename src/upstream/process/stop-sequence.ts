import { type Clock, type Deferred, deferred, type Disposable } from '../../base/index.ts';
import type { ProcessGroup } from './process-group.ts';

/** How long each step of a stop may take, in milliseconds. */
export interface StopGrace {
  /** From the end of its input to SIGTERM. */
  readonly inputEndMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly terminateMs: number;
  /** From SIGKILL until it is given up as unkillable (stuck in the kernel). */
  readonly killMs: number;
}

/** Three seconds at most, so that a hub that stops is done within five. */
export const DEFAULT_STOP_GRACE: StopGrace = { inputEndMs: 1_000, terminateMs: 1_500, killMs: 500 };

/** When to look first, and how often at last, whether the leader's descendants are gone: nobody tells us. */
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 160;

export interface StopSequenceOptions {
  readonly clock: Clock;
  readonly grace: StopGrace;
  readonly group: ProcessGroup;
  /** Ends the process's input, the polite way to ask it to go (spec 2025-11-25 basic/lifecycle, "Shutdown"). */
  readonly endInput: () => void;
}

type Phase = 'running' | 'asked' | 'terminating' | 'killing' | 'over';

/**
 * Ends a process group: input end, SIGTERM, SIGKILL, each after the grace of the one before. The leader's own exit skips
 * what is left of the asking; its descendants then get SIGTERM at once, also when nobody asked for a stop.
 *
 *     running ──begin──▶ asked ──grace──▶ terminating ──grace──▶ killing ──grace──▶ over (survived)
 *        └──leader exited──┴──────────────────▲      └───────┴── nobody left ──▶ over (gone)
 */
export class StopSequence {
  readonly #options: StopSequenceOptions;
  readonly #end: Deferred<'gone' | 'survived'> = deferred();
  #phase: Phase = 'running';
  #leaderExited = false;
  #timer: Disposable | undefined;
  #look: Disposable | undefined;
  #lookMs = FIRST_LOOK_MS;

  constructor(options: StopSequenceOptions) {
    this.#options = options;
  }

  /** Settles when the whole group is gone, or has survived SIGKILL. Never rejects. */
  get over(): Promise<'gone' | 'survived'> {
    return this.#end.promise;
  }

  /** Whether it has come to signals. */
  get forced(): boolean {
    return this.#phase === 'terminating' || this.#phase === 'killing';
  }

  /** Asks the process to go. Does nothing when that has begun already. */
  begin(): void {
    if (this.#phase !== 'running') return;
    this.#enter('asked', this.#options.grace.inputEndMs, () => this.#terminate());
    this.#options.endInput();
  }

  /** To be called once, when the leader has exited. */
  leaderExited(): void {
    this.#leaderExited = true;
    if (!this.#options.group.alive()) this.#finish('gone');
    else if (this.#phase === 'running' || this.#phase === 'asked') this.#terminate();
    else this.#lookSoon();
  }

  #terminate(): void {
    this.#enter('terminating', this.#options.grace.terminateMs, () => this.#kill());
    this.#options.group.signal('SIGTERM');
  }

  #kill(): void {
    this.#enter('killing', this.#options.grace.killMs, () => this.#giveUp());
    this.#options.group.signal('SIGKILL');
  }

  #enter(phase: Phase, graceMs: number, next: () => void): void {
    this.#phase = phase;
    this.#timer?.dispose();
    this.#timer = this.#options.clock.after(graceMs, next);
    this.#lookSoon();
  }

  #lookSoon(): void {
    this.#lookMs = FIRST_LOOK_MS;
    this.#lookLater();
  }

  #lookLater(): void {
    this.#look?.dispose();
    // As long as the leader runs there is nothing to look for, and its exit will be told.
    if (!this.#leaderExited) return;
    this.#look = this.#options.clock.after(this.#lookMs, () => {
      if (this.#options.group.alive()) this.#lookLater();
      else this.#finish('gone');
    });
    this.#lookMs = Math.min(2 * this.#lookMs, LONGEST_LOOK_MS);
  }

  #giveUp(): void {
    this.#finish(this.#leaderExited && !this.#options.group.alive() ? 'gone' : 'survived');
  }

  #finish(how: 'gone' | 'survived'): void {
    this.#phase = 'over';
    this.#timer?.dispose();
    this.#look?.dispose();
    this.#end.resolve(how);
  }
}

import { type Clock, type Deferred, deferred, type Disposable } from '../base/index.ts';
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

/** How often to look whether the leader's descendants are gone: nobody tells us. */
const LOOK_EVERY_MS = 20;

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
    this.#lookForSurvivors();
    if (this.#phase === 'running' || this.#phase === 'asked') this.#terminate();
  }

  #terminate(): void {
    this.#enter('terminating', this.#options.grace.terminateMs, () => this.#kill());
    this.#options.group.signal('SIGTERM');
  }

  #kill(): void {
    this.#enter('killing', this.#options.grace.killMs, () => this.#finish('survived'));
    this.#options.group.signal('SIGKILL');
  }

  #enter(phase: Phase, graceMs: number, next: () => void): void {
    this.#phase = phase;
    this.#timer?.dispose();
    this.#timer = this.#options.clock.after(graceMs, next);
  }

  #lookForSurvivors(): void {
    if (!this.#leaderExited || this.#phase === 'over') return;
    if (this.#options.group.alive()) {
      this.#look = this.#options.clock.after(LOOK_EVERY_MS, () => this.#lookForSurvivors());
    } else {
      this.#finish('gone');
    }
  }

  #finish(how: 'gone' | 'survived'): void {
    this.#phase = 'over';
    this.#timer?.dispose();
    this.#look?.dispose();
    this.#end.resolve(how);
  }
}

import type { Clock, HubError } from '../base/index.ts';

/** So many failures within {@link LOOP_WINDOW_MS} are a crash loop. */
const LOOP_FAILURES = 5;
/** A server that has not failed for this long is out of its crash loop; in milliseconds. */
export const LOOP_WINDOW_MS = 10 * 60_000;

/** A server that fails again and again. It is tried for ever, but slowly. */
interface CrashLoop {
  /** Why it failed the last time. */
  readonly reason: string;
  /** How often it has failed within the last ten minutes. */
  readonly failures: number;
  /** When the first of those failures was. */
  readonly sinceMs: number;
}

/** What runs is the entry as it was before its last change, because it does not become ready as it is now. */
export interface Outdated {
  readonly reason: string;
  /** When the first attempt failed. */
  readonly sinceMs: number;
  /** When the next one is; `undefined` while it is made, and when none comes by itself. */
  readonly nextMs: number | undefined;
}

/** What has become of one server since the hub runs. */
export interface Supervision {
  /** How often it was started anew after its first start; to wake it from its sleep does not count. */
  readonly restarts: number;
  /** The last failure of a start or of a connection, also when it has recovered since. */
  readonly lastError: { readonly message: string; readonly atMs: number } | undefined;
  /** When it last became ready or answered a request. */
  readonly lastSuccessMs: number | undefined;
  readonly crashLoop: CrashLoop | undefined;
  readonly outdated?: Outdated | undefined;
}

/** Remembers how one server has fared. */
export class History {
  readonly #clock: Clock;
  #failedAtMs: readonly number[] = [];
  #lastError: Supervision['lastError'];
  #readyMs: number | undefined;
  #restarts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isLooping(): boolean {
    return this.#recent().length >= LOOP_FAILURES;
  }

  /** @param answeredMs when it last answered a request */
  facts(answeredMs: number | undefined): Supervision {
    const failed = this.#recent();
    const [sinceMs] = failed;
    const reason = this.#lastError?.message ?? '';
    const isLooping = sinceMs !== undefined && failed.length >= LOOP_FAILURES;
    return Object.freeze({
      restarts: this.#restarts,
      lastError: this.#lastError,
      lastSuccessMs: latest(this.#readyMs, answeredMs),
      crashLoop: isLooping ? Object.freeze({ reason, failures: failed.length, sinceMs }) : undefined,
    });
  }

  restarted(): void {
    this.#restarts += 1;
  }

  /** @param flaw what is wrong with it all the same */
  ready(flaw?: HubError): void {
    this.#readyMs = this.#clock.now();
    if (flaw) this.erred(flaw);
  }

  /** Something went wrong that says nothing about the next start. */
  erred({ message }: HubError): void {
    this.#lastError = Object.freeze({ message, atMs: this.#clock.now() });
  }

  /** A start failed, or a connection was lost, and it is tried again. @returns whether a crash loop begins with it */
  failed(error: HubError): boolean {
    const wasLooping = this.isLooping;
    this.erred(error);
    this.#failedAtMs = [...this.#recent(), this.#clock.now()];
    return !wasLooping && this.isLooping;
  }

  /** Somebody has seen to it: failures before do not count any more. */
  forgive(): void {
    this.#failedAtMs = [];
  }

  #recent(): readonly number[] {
    const nowMs = this.#clock.now();
    return this.#failedAtMs.filter((atMs) => nowMs - atMs < LOOP_WINDOW_MS);
  }
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

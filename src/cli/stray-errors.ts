import { type Clock, type Logger, messageOf } from '../base/index.ts';

/** How long one that was told of is not told of again, and in which time mistakes are counted, in milliseconds. */
const WINDOW_MS = 60_000;
/** So many mistakes in one window and nobody knows what state the process is in. */
const TOO_MANY = 20;
/** Most that are remembered as told. */
const MAX_KNOWN = 100;

export interface StrayErrorsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A text without the secrets that the hub knows: an error may quote what it could not deal with. */
  readonly redact: (text: string) => string;
  /** The state of the process is not known any more; called once. */
  readonly onTooMany: () => void;
}

/**
 * Errors that reached nobody: no promise's `catch`, no listener. One of them concerns one thing (a socket, a file, one
 * request) and is no reason to take the hub from everybody else, so it is logged, once a minute if it repeats. Exceptions
 * that are no failure of the system were thrown in the middle of something, though: when they come in numbers, going on does more harm
 * than an orderly stop.
 */
export class StrayErrors {
  readonly #options: StrayErrorsOptions;
  readonly #toldAtMs = new Map<string, number>();
  #mistakes = 0;
  #windowFromMs = 0;
  #isOver = false;

  constructor(options: StrayErrorsOptions) {
    this.#options = options;
  }

  take(kind: 'uncaughtException' | 'unhandledRejection', error: unknown): void {
    const system = systemCode(error);
    this.#tell(kind, error, system);
    if (kind === 'uncaughtException' && system === undefined) this.#count();
  }

  #tell(kind: string, error: unknown, system: string | undefined): void {
    const { clock, logger, redact } = this.#options;
    const message = redact(messageOf(error));
    const key = `${kind} ${system ?? ''} ${message}`;
    const nowMs = clock.now();
    const toldAtMs = this.#toldAtMs.get(key);
    if (toldAtMs !== undefined && nowMs - toldAtMs < WINDOW_MS) return;
    if (this.#toldAtMs.size >= MAX_KNOWN) this.#toldAtMs.clear();
    this.#toldAtMs.set(key, nowMs);
    const stack = error instanceof Error && error.stack !== undefined ? redact(error.stack) : undefined;
    const facts = { code: 'UNHANDLED_ERROR', ...(system !== undefined && { system }), stack };
    const what =
      system === undefined ? 'A mistake in the hub itself' : `A failure of the system (${system}) that nothing in the hub waits for`;
    logger.error(`${what} (${kind}): ${message}. It goes on.`, facts);
  }

  #count(): void {
    const { clock, logger, onTooMany } = this.#options;
    const nowMs = clock.now();
    if (nowMs - this.#windowFromMs >= WINDOW_MS) {
      this.#windowFromMs = nowMs;
      this.#mistakes = 0;
    }
    this.#mistakes += 1;
    if (this.#mistakes < TOO_MANY || this.#isOver) return;
    this.#isOver = true;
    logger.error(`${TOO_MANY} mistakes in the hub within ${WINDOW_MS / 1000} seconds: its state is not known any more. It is stopping.`, {
      code: 'UNHANDLED_ERROR',
    });
    onTooMany();
  }
}

/** The code of an error of the operating system: of a socket, a file, a process. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

import type { Clock, Disposable } from '../base/index.ts';
import { LOG_LEVELS, type LoggingLevel } from '../protocol/index.ts';

/** How long a level is kept after the last call that wanted it, so that it does not go up and down with every call; in milliseconds. */
const LINGER_MS = 5_000;

export interface CallLevelsOptions {
  readonly clock: Clock;
  /** Told when no call has wanted a level of this server for a while. */
  readonly onOver: (serverId: string) => void;
}

interface Want {
  calls: number;
  timer: Disposable | undefined;
}

/** The log levels that modern calls in flight want of legacy servers, each of which has one level for all. */
export class CallLevels implements Disposable {
  readonly #options: CallLevelsOptions;
  readonly #wants = new Map<string, Map<LoggingLevel, Want>>();

  constructor(options: CallLevelsOptions) {
    this.#options = options;
  }

  /** A call wants a level until what is returned is called, once. */
  want(serverId: string, level: LoggingLevel): () => void {
    const levels = this.#wants.get(serverId) ?? new Map<LoggingLevel, Want>();
    this.#wants.set(serverId, levels);
    const want = levels.get(level) ?? { calls: 0, timer: undefined };
    levels.set(level, want);
    want.calls += 1;
    want.timer?.dispose();
    want.timer = undefined;
    return () => {
      want.calls -= 1;
      if (want.calls > 0) return;
      want.timer = this.#options.clock.after(LINGER_MS, () => {
        levels.delete(level);
        this.#options.onOver(serverId);
      });
    };
  }

  /** The finest level that is wanted of a server, or was a moment ago. */
  finest(serverId: string): LoggingLevel | undefined {
    const levels = this.#wants.get(serverId);
    return levels && LOG_LEVELS.find((level) => levels.has(level));
  }

  dispose(): void {
    for (const levels of this.#wants.values()) for (const { timer } of levels.values()) timer?.dispose();
    this.#wants.clear();
  }
}

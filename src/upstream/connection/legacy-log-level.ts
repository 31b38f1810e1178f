import type { Logger } from '../../base/index.ts';
import { isWantedAt, type LoggingLevel, type NotificationMessage, type Outcome } from '../../protocol/index.ts';
import type { Origin } from '../types.ts';

/** A client that sets the log level, or a call that wants one, waits for every server concerned: no longer than this, in milliseconds. */
const SET_LEVEL_MS = 5_000;

/**
 * What a legacy client is taken to want that never said so, once somebody has set a level: what a server sends by itself
 * cannot be known any more then, and cannot be asked for either.
 */
export const LEVEL_OF_THE_SILENT: LoggingLevel = 'info';

export interface LegacyLogLevelOptions {
  /** The server's name, for warnings. */
  readonly id: string;
  readonly logger: Logger;
  readonly ask: (level: string, timeoutMs: number) => Promise<Outcome>;
}

/** The one log level of a legacy server (spec 2025-11-25 server/utilities/logging): told when it changes, one at a time. */
export class LegacyLogLevel {
  readonly #options: LegacyLogLevelOptions;
  #wanted: string | undefined;
  /** What the server was told last and took. */
  #set: string | undefined;
  /** What it did not take; asked for again once it has taken another. */
  readonly #refused = new Set<string>();
  #running: Promise<void> | undefined;

  constructor(options: LegacyLogLevelOptions) {
    this.#options = options;
  }

  /**
   * Sets the level; `undefined` when nobody wants one, which leaves it to the server, or lowers it again when it was set before.
   *
   * @throws HubError TIMEOUT, or what the link fails with; that level is not asked for again then.
   */
  async set(level: string | undefined): Promise<void> {
    this.#wanted = level;
    while (this.#running) {
      await this.#running.catch(() => {
        // Whoever set that level was told.
      });
    }
    this.#running = this.#settle();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  /** The server has forgotten its level: it is told again. */
  async renew(): Promise<void> {
    if (this.#set === undefined) return;
    this.#refused.clear();
    this.#set = undefined;
    await this.set(this.#wanted ?? LEVEL_OF_THE_SILENT);
  }

  /** Whether a client would have been sent this message if no other had asked for finer ones. */
  isMeantFor(message: NotificationMessage, { era, logLevel }: Pick<Origin, 'era' | 'logLevel'>): boolean {
    if (this.#set === undefined || era === 'modern' || logLevel !== undefined) return true;
    return isWantedAt(LEVEL_OF_THE_SILENT, message);
  }

  async #settle(): Promise<void> {
    const level = this.#wanted ?? (this.#set && LEVEL_OF_THE_SILENT);
    if (level === undefined || level === this.#set || this.#refused.has(level)) return;
    this.#refused.add(level);
    const { error } = await this.#options.ask(level, SET_LEVEL_MS);
    if (error) {
      const { id, logger } = this.#options;
      logger.warn(`Server "${id}" did not take the log level ${level}: ${error.message}`, { server: id });
      return;
    }
    this.#set = level;
    this.#refused.clear();
  }
}

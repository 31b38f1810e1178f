import { type Logger, messageOf } from '../base/index.ts';
import type { Connection } from './types.ts';

/** What others want of a server, whichever connection there is to it: every new one is told. */
export class StandingWishes {
  #uris: ReadonlySet<string> = new Set();
  #taskIds: ReadonlySet<string> = new Set();
  #logLevel: string | undefined;

  get logLevel(): string | undefined {
    return this.#logLevel;
  }

  /** Whether somebody waits for what the server has to tell. */
  get isListening(): boolean {
    return this.#uris.size > 0 || this.#taskIds.size > 0;
  }

  async setUris(uris: ReadonlySet<string>, connection: Connection | undefined): Promise<void> {
    this.#uris = new Set(uris);
    await connection?.setSubscribedResources(this.#uris);
  }

  async setTaskIds(taskIds: ReadonlySet<string>, connection: Connection | undefined): Promise<ReadonlySet<string>> {
    this.#taskIds = new Set(taskIds);
    return (await connection?.setWatchedTasks(this.#taskIds)) ?? new Set();
  }

  async setLogLevel(level: string | undefined, connection: Connection | undefined): Promise<void> {
    this.#logLevel = level;
    await connection?.setLogLevel(level);
  }

  /**
   * Tells a new connection. One that does not take them is as good as before, but for a warning. Resolves with the resources that somebody
   * watches: what happened to them while there was no connection, or in the process before, is not known.
   */
  async applyTo(connection: Connection, server: string, logger: Logger): Promise<ReadonlySet<string>> {
    try {
      if (this.#uris.size > 0) await connection.setSubscribedResources(this.#uris);
      if (this.#taskIds.size > 0) await connection.setWatchedTasks(this.#taskIds);
      if (this.#logLevel !== undefined) await connection.setLogLevel(this.#logLevel);
    } catch (error) {
      const message = `Server "${server}" does not take the subscriptions or log level it had before: ${messageOf(error)}`;
      logger.warn(message, { server });
    }
    return this.#uris;
  }
}

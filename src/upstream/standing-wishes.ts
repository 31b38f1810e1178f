import { type Logger, messageOf } from '../base/index.ts';
import type { Connection, RefusedResources } from './types.ts';

const NONE: RefusedResources = new Map();

/** What others want of a server, whichever connection there is to it: every new one is told. */
export class StandingWishes {
  #uris: ReadonlySet<string> = new Set();
  #taskIds: ReadonlySet<string> = new Set();
  #logLevel: string | undefined;
  /** The connection that was told last, and what it does not take of the resources. */
  #told: Connection | undefined;
  #refused = NONE;

  get logLevel(): string | undefined {
    return this.#logLevel;
  }

  /** Whether somebody waits for what the server has to tell. */
  get isListening(): boolean {
    return this.#taskIds.size > 0 || [...this.#uris].some((uri) => !this.#refused.has(uri));
  }

  async setUris(uris: ReadonlySet<string>, connection: Connection | undefined): Promise<RefusedResources | undefined> {
    this.#uris = new Set(uris);
    return connection && this.#tell(connection);
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
   * Tells a new connection, of everything at once: a server that does not answer to one thing is told the others. One that does not take them
   * is as good as before, but for a warning. Resolves with the resources that somebody watches there: what happened to them while there was no
   * connection, or in the process before, is not known.
   */
  async applyTo(connection: Connection, server: string, logger: Logger): Promise<readonly string[]> {
    const uris = this.#uris;
    this.#refused = NONE;
    const told = await Promise.allSettled([
      uris.size > 0 ? this.#tell(connection) : NONE,
      this.#taskIds.size > 0 && connection.setWatchedTasks(this.#taskIds),
      this.#logLevel !== undefined && connection.setLogLevel(this.#logLevel),
    ]);
    for (const one of told) {
      if (one.status === 'fulfilled') continue;
      const message = `Server "${server}" does not take the subscriptions or log level it had before: ${messageOf(one.reason)}`;
      logger.warn(message, { server });
    }
    const [refused] = told;
    return [...uris].filter((uri) => refused.status === 'rejected' || !refused.value.has(uri));
  }

  async #tell(connection: Connection): Promise<RefusedResources> {
    const uris = this.#uris;
    this.#told = connection;
    const refused = await connection.setSubscribedResources(uris);
    if (this.#told === connection && this.#uris === uris) this.#refused = refused;
    return refused;
  }
}

import type { Connection } from './types.ts';

/** What others want of a server, whichever connection there is to it: every new one is told. */
export class StandingWishes {
  #uris: ReadonlySet<string> = new Set();
  #taskIds: ReadonlySet<string> = new Set();
  #logLevel: string | undefined;

  get logLevel(): string | undefined {
    return this.#logLevel;
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

  /** @throws HubError as the setters of the connection */
  async applyTo(connection: Connection): Promise<void> {
    if (this.#uris.size > 0) await connection.setSubscribedResources(this.#uris);
    if (this.#taskIds.size > 0) await connection.setWatchedTasks(this.#taskIds);
    if (this.#logLevel !== undefined) await connection.setLogLevel(this.#logLevel);
  }
}

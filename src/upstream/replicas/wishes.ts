import type { RefusedResources, RootsSource } from '../types.ts';
import type { Bindings } from './bindings.ts';
import type { Replica } from './replica.ts';

/** What others want of a server of several replicas: each replica is told, also one that joins later. */
export class Wishes {
  readonly #bindings: Bindings;
  #uris: ReadonlySet<string> = new Set();
  #taskIds: ReadonlySet<string> = new Set();
  #logLevel: string | undefined;
  #roots: RootsSource | undefined;

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  /** Any of them may be the one that changes a resource. What one of them takes is not refused. */
  async setUris(uris: ReadonlySet<string>, replicas: readonly Replica[]): Promise<RefusedResources | undefined> {
    this.#uris = uris;
    const told = await Promise.all(replicas.map(({ supervisor }) => supervisor.setSubscribedResources(uris)));
    const [first, ...others] = told.filter((refused) => refused !== undefined);
    return first && new Map([...first].filter(([uri]) => others.every((refused) => refused.has(uri))));
  }

  /** @returns those that one of them agreed to tell of */
  async setTaskIds(taskIds: ReadonlySet<string>, replicas: readonly Replica[]): Promise<ReadonlySet<string>> {
    this.#taskIds = taskIds;
    const agreed = await Promise.all(replicas.map((replica) => this.#watch(replica)));
    return new Set(agreed.flatMap((ids) => [...ids]));
  }

  async setLogLevel(level: string | undefined, replicas: readonly Replica[]): Promise<void> {
    this.#logLevel = level;
    await Promise.all(replicas.map(({ supervisor }) => supervisor.setLogLevel(level)));
  }

  setRootsSource(source: RootsSource, replicas: readonly Replica[]): void {
    this.#roots = source;
    for (const { supervisor } of replicas) supervisor.setRootsSource(source);
  }

  /** Tells one that joins and has no connection yet. */
  tell(replica: Replica): void {
    const { supervisor } = replica;
    if (this.#roots) supervisor.setRootsSource(this.#roots);
    // There is nobody to refuse it yet.
    void supervisor.setSubscribedResources(this.#uris);
    void this.#watch(replica);
    void supervisor.setLogLevel(this.#logLevel);
  }

  #watch(replica: Replica): Promise<ReadonlySet<string>> {
    return replica.supervisor.setWatchedTasks(this.#bindings.tasksOf(replica, this.#taskIds));
  }
}

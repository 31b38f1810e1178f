import type { ServerDefinition } from '../../config/index.ts';
import type { SupervisorOptions } from '../lives.ts';
import type { StopReason } from '../startable.ts';
import { Supervisor } from '../supervisor.ts';
import { isElsewhere, replicaDefinitions } from './definitions.ts';
import { Replica } from './replica.ts';

export interface MembersOptions {
  readonly options: SupervisorOptions;
  /** What every replica that joins later is told of the wishes of others. */
  readonly brief: (replica: Replica) => void;
  /** A replica tells its state; not heard of one that has left. */
  readonly stated: (replica: Replica, state: Supervisor['state']) => void;
  readonly listed: (replica: Replica) => void;
  /** One takes part no more; it finishes its calls. */
  readonly left: (replica: Replica) => void;
}

/** The replicas of one server: as many as its definition says. They come and go without disturbing the others. */
export class Members {
  readonly #options: MembersOptions;
  readonly #leaving = new Map<Replica, Promise<void>>();
  #replicas: readonly [Replica, ...Replica[]];

  constructor(options: MembersOptions) {
    this.#options = options;
    const [first, ...others] = replicaDefinitions(options.options.definition);
    this.#replicas = [this.#create(first, 1), ...others.map((definition, index) => this.#create(definition, index + 2))];
  }

  get all(): readonly [Replica, ...Replica[]] {
    return this.#replicas;
  }

  /**
   * Takes another definition. New replicas are started as it says; those that are at another address now move there. All of it has begun
   * when this returns; its promise resolves when those have moved or failed to.
   */
  update(definition: ServerDefinition, isOtherServer: boolean, isUp: boolean): Promise<unknown> {
    const [first, ...others] = replicaDefinitions(definition);
    const before = this.#replicas;
    const moved = before.filter((replica, index) => {
      const now = [first, ...others][index];
      const isMoved = now !== undefined && isElsewhere(replica.definition, now);
      if (now) replica.supervisor.update(now, isOtherServer || isMoved);
      return isMoved && !isOtherServer;
    });
    const kept = before.slice(1, others.length + 1);
    const joining = others.slice(kept.length).map((one, index) => this.#create(one, kept.length + index + 2));
    this.#replicas = [before[0], ...kept, ...joining];
    for (const replica of before.slice(others.length + 1)) this.#drop(replica);
    for (const replica of joining) {
      this.#options.brief(replica);
      if (isUp) replica.supervisor.startUp();
    }
    return Promise.all(isUp ? moved.map(({ supervisor }) => supervisor.follow()) : []);
  }

  /** Ends all of them, those that finish their calls included. Resolves when they are gone; never rejects. */
  async stop(reason?: StopReason): Promise<void> {
    const leaving = [...this.#leaving].map(async ([{ supervisor }, left]) => {
      await supervisor.stop(reason);
      await left;
    });
    await Promise.all([...this.#replicas.map(({ supervisor }) => supervisor.stop(reason)), ...leaving]);
  }

  #drop(replica: Replica): void {
    this.#options.left(replica);
    const left = replica.leave().finally(() => this.#leaving.delete(replica));
    this.#leaving.set(replica, left);
  }

  #create(definition: ServerDefinition, number: number): Replica {
    const { options, stated, listed } = this.#options;
    const { parts, on, mayRun } = options;
    const logger = number === 1 ? parts.logger : parts.logger.child({ replica: number });
    const isMember = (): boolean => this.#replicas.includes(replica);
    const supervisor = new Supervisor({
      ...options,
      definition,
      parts: { ...parts, logger },
      mayRun: () => isMember() && (mayRun?.() ?? true),
      on: {
        ...on,
        state: ({ state }) => isMember() && stated(replica, state),
        listing: () => isMember() && listed(replica),
        resourceUpdated: (event) => isMember() && on.resourceUpdated(event),
        taskChanged: (event) => isMember() && on.taskChanged(event),
      },
    });
    const replica = new Replica({ number, supervisor, clock: parts.clock, logger });
    return replica;
  }
}

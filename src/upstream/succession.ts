import { type Clock, type Deferred, deferred, type HubError, toHubError } from '../base/index.ts';
import type { Incarnation, StartableDefinition } from './incarnation.ts';
import type { Connection } from './types.ts';

/** A life that is to take over from the current one. */
export interface Successor {
  readonly life: Incarnation;
  /** Why its connection was lost before it took over. */
  readonly lost: () => HubError | undefined;
  /** Makes it the current one. */
  readonly adopt: (connection: Connection, sinceMs: number) => void;
}

export interface SuccessionOptions {
  readonly clock: Clock;
  /** As it is now; `undefined` when nothing is to be started. */
  readonly definition: () => StartableDefinition | undefined;
  readonly create: (definition: StartableDefinition) => Successor;
  /** It did not become ready and is being ended. Never rejects. */
  readonly refused: (error: HubError, life: Incarnation) => void | Promise<void>;
}

/**
 * The attempt to replace what runs without a gap: the successor is started while the old one goes on, and takes over when it
 * is ready (handshake and lists done). One attempt at a time; the newest one counts.
 */
export class Succession {
  readonly #options: SuccessionOptions;
  /** Grows with every attempt and its end; what an older one brings is not used. */
  #generation = 0;
  #outcome: Deferred<void> | undefined;
  /** Whether an attempt has begun that has not started anything yet. */
  #isPending = false;
  #life: Incarnation | undefined;
  #sinceMs: number | undefined;
  #ending: Promise<void> = Promise.resolve();

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** When the attempt began that is under way. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /**
   * Starts a successor; one that is being started already may be of yesterday and is given up for it. Resolves when the last
   * of them has taken over or was refused; never rejects.
   */
  begin(dropped: HubError): Promise<void> {
    this.#outcome ??= deferred();
    const { promise } = this.#outcome;
    // One that has not started anything serves all who ask meanwhile.
    if (this.#isPending) return promise;
    this.#drop(dropped);
    this.#isPending = true;
    this.#sinceMs = this.#options.clock.now();
    void this.#run(this.#generation, this.#sinceMs);
    return promise;
  }

  /** Gives the attempt up. Resolves when what it started is gone; never rejects. */
  end(reason: HubError): Promise<void> {
    this.#drop(reason);
    this.#finish().resolve();
    return this.#ending;
  }

  #drop(reason: HubError): void {
    this.#generation += 1;
    if (this.#life) this.#ending = this.#life.end(reason);
    this.#life = undefined;
  }

  /** There is no attempt any more; who waits for its outcome is still to be told. */
  #finish(): Deferred<void> {
    const outcome = this.#outcome ?? deferred<void>();
    this.#generation += 1;
    this.#isPending = false;
    this.#outcome = undefined;
    this.#life = undefined;
    this.#sinceMs = undefined;
    return outcome;
  }

  async #run(generation: number, sinceMs: number): Promise<void> {
    await this.#ending;
    if (generation !== this.#generation) return;
    this.#isPending = false;
    const definition = this.#options.definition();
    if (!definition) return this.#finish().resolve();
    const successor = this.#options.create(definition);
    this.#life = successor.life;
    try {
      const connection = await successor.life.open();
      if (generation !== this.#generation) return;
      const { failure } = connection.listHealth ?? {};
      // A list that had something in it is part of what it has to be ready with.
      const unfit = successor.lost() ?? (failure?.isOfferKept === true ? failure.error : undefined);
      if (unfit) throw unfit;
      // Who waits goes on after this turn, and so with the new one.
      this.#finish().resolve();
      successor.adopt(connection, sinceMs);
    } catch (cause) {
      if (generation === this.#generation) await this.#refuse(successor, toHubError(cause, 'CONNECTION_ERROR'));
    }
  }

  async #refuse({ life }: Successor, error: HubError): Promise<void> {
    const outcome = this.#finish();
    this.#ending = life.end(error);
    await this.#options.refused(error, life);
    outcome.resolve();
  }
}

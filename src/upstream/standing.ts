import type { Listing } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { Offers, StartableDefinition } from './incarnation.ts';
import type { SupervisorOptions } from './lives.ts';
import { definitionHash } from './offers/definition-hash.ts';
import type { Connection, UpstreamState } from './types.ts';

export interface StandingOptions {
  readonly definition: ServerDefinition;
  readonly offers: Offers | undefined;
  readonly on: SupervisorOptions['on'];
  /** The state is another one; called before others are told. */
  readonly changed: () => void;
}

/** How one upstream stands: its definition, state, offer and connection. Its lifecycle is the only writer. */
export class Standing {
  readonly #options: StandingOptions;
  readonly #id: string;
  definition: ServerDefinition;
  connection: Connection | undefined;
  /** Grows with every start, failure, stop and succession; what an older one still has to say is not heard. */
  generation = 0;
  #state: UpstreamState = Object.freeze({ kind: 'stopped' });
  #listing: Listing | undefined;
  /** The hash of the definition whose server has listed that. */
  #listedBy: string | undefined;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.definition = options.definition;
    this.#id = options.definition.id;
  }

  get state(): UpstreamState {
    return this.#state;
  }

  get listing(): Listing | undefined {
    return this.#listing;
  }

  /** Whether its next call starts it. */
  get isAsleep(): boolean {
    return this.#state.kind === 'stopped' && (this.#state.reason === 'lazy' || this.#state.reason === 'idle');
  }

  /** How long it has been ready, in milliseconds; 0 when it is not. */
  readyForMs(nowMs: number): number {
    return this.#state.kind === 'ready' ? nowMs - this.#state.sinceMs : 0;
  }

  enter(state: UpstreamState): void {
    this.#state = Object.freeze(state);
    this.#options.changed();
    this.#options.on.state({ id: this.#id, state: this.#state });
  }

  /** Until it says itself what it offers, this is offered. */
  offer(listing: Listing | undefined): void {
    if (listing === this.#listing) return;
    this.#listing = listing;
    this.#options.on.listing({ id: this.#id, listing });
  }

  /** What it offers, in its own words: remembered for the next start of the same definition, unless a list is missing in it. */
  listed(definition: StartableDefinition, listing: Listing): void {
    this.#listedBy = definitionHash(definition);
    this.offer(listing);
    if (!this.connection?.listHealth?.failure) this.#options.offers?.remember(definition, listing);
  }

  /** What the server of this definition offered before. */
  recall(definition: StartableDefinition): void {
    this.#listedBy = definitionHash(definition);
    this.offer(definition.start === 'manual' ? undefined : this.#options.offers?.recall(definition));
  }

  /** The same, without offering it: what the server of another definition has listed says nothing of this one. */
  former(definition: StartableDefinition): Listing | undefined {
    return this.#listedBy === definitionHash(definition) && this.#listing ? this.#listing : this.#options.offers?.recall(definition);
  }

  /** No next attempt by itself, and so nothing is offered any more. */
  giveUp(state: UpstreamState): void {
    this.offer(undefined);
    this.enter(state);
  }
}

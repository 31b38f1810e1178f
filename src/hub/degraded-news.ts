import type { Disposable } from '../base/index.ts';
import type { PoolEvents, Upstream } from '../upstream/index.ts';
import type { Publish } from './news.ts';

/** What {@link DegradedNews} needs of the servers. */
export interface DegradedSource {
  get(id: string): Upstream | undefined;
  on<K extends 'degraded' | 'state'>(name: K, listener: (event: PoolEvents[K]) => void): Disposable;
}

/**
 * Tells when a server that is connected answers no pings any more, and when that is over: because it answers again, or
 * because it is connected no longer, which `servers_updated` tells of as well.
 */
export class DegradedNews implements Disposable {
  readonly #servers: DegradedSource;
  readonly #publish: Publish;
  /** Those that readers take for degraded. */
  readonly #told = new WeakSet<Upstream>();
  #subscriptions: readonly Disposable[] = [];

  constructor(servers: DegradedSource, publish: Publish) {
    this.#servers = servers;
    this.#publish = publish;
  }

  start(): void {
    const look = ({ id }: { readonly id: string }): void => this.#look(this.#servers.get(id));
    this.#subscriptions = [this.#servers.on('degraded', look), this.#servers.on('state', look)];
  }

  dispose(): void {
    for (const one of this.#subscriptions) one.dispose();
  }

  #look(upstream: Upstream | undefined): void {
    if (!upstream) return;
    const { id: server, degraded: degradedReason } = upstream;
    if ((degradedReason !== undefined) === this.#told.has(upstream)) return;
    if (degradedReason === undefined) this.#told.delete(upstream);
    else this.#told.add(upstream);
    const facts = degradedReason === undefined ? { degraded: false } : { degraded: true, degradedReason };
    this.#publish({ name: 'subscription_event', data: { type: 'degraded_changed', server, ...facts } });
  }
}

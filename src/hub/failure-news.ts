import type { Disposable } from '../base/index.ts';
import type { Upstream, UpstreamState } from '../upstream/index.ts';
import type { Publish } from './news.ts';
import type { StateSource } from './server-news.ts';

/**
 * Tells why a server does not run, as an error among the `log` events: editors keep a list of those. Once for each kind of
 * failure, until the server has been ready or was stopped: attempts that fail in the same way are no news.
 */
export class FailureNews implements Disposable {
  readonly #servers: StateSource;
  readonly #publish: Publish;
  /** The code of the failure that readers know of. */
  readonly #told = new WeakMap<Upstream, string>();
  #subscription: Disposable | undefined;

  constructor(servers: StateSource, publish: Publish) {
    this.#servers = servers;
    this.#publish = publish;
  }

  start(): void {
    this.#subscription = this.#servers.on('state', ({ id }) => this.#look(this.#servers.get(id)));
    for (const upstream of this.#servers.all()) this.#look(upstream);
  }

  dispose(): void {
    this.#subscription?.dispose();
  }

  #look(upstream: Upstream | undefined): void {
    if (!upstream || upstream.state.kind === 'starting') return;
    const failure = failureOf(upstream.state);
    if (!failure) {
      this.#told.delete(upstream);
      return;
    }
    const { code, message } = failure;
    if (this.#told.get(upstream) === code) return;
    this.#told.set(upstream, code);
    this.#publish({ name: 'log', data: { type: 'error', message, code, data: { server: upstream.id, error: message } } });
  }
}

function failureOf(state: UpstreamState): { readonly code: string; readonly message: string } | undefined {
  if (state.kind === 'backoff') return state.last;
  return state.kind === 'failed' ? state.error : undefined;
}

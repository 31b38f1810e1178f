import type { Disposable } from '../base/index.ts';
import { hasLoginsOfEach, type Upstream } from '../upstream/index.ts';
import type { Publish } from './news.ts';
import type { StateSource } from './server-news.ts';

/** Where people log in. */
export interface PageSource {
  /** The page on which a person logs in at that server, while one is open. */
  authorizationUrl(server: string): string | undefined;
}

/** Tells of servers that need a login, with the page for it: once for each page. */
export class LoginNews implements Disposable {
  readonly #servers: StateSource;
  readonly #pages: PageSource;
  readonly #publish: Publish;
  /** The page that readers know of. */
  readonly #told = new WeakMap<Upstream, string>();
  #subscription: Disposable | undefined;

  constructor(servers: StateSource, pages: PageSource, publish: Publish) {
    this.#servers = servers;
    this.#pages = pages;
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
    if (upstream?.state.kind !== 'auth-required') return;
    const authorizationUrl = this.#pages.authorizationUrl(upstream.id);
    if (authorizationUrl === undefined || this.#told.get(upstream) === authorizationUrl) return;
    this.#told.set(upstream, authorizationUrl);
    // Readers are told alike, and the page is the owner's alone where each logs in by itself: who opened it would log the owner in.
    const shown = hasLoginsOfEach(upstream.definition) ? {} : { authorizationUrl };
    this.#publish({ name: 'subscription_event', data: { type: 'login_required', server: upstream.id, ...shown } });
  }
}

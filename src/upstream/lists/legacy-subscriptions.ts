import { type Logger, toHubError } from '../../base/index.ts';
import { type Outcome, type RpcError, rpcErrorOf } from '../../protocol/index.ts';
import type { RefusedResources } from '../types.ts';

export interface LegacySubscriptionsOptions {
  /** The server's name, for warnings. */
  readonly id: string;
  readonly logger: Logger;
  readonly ask: (method: string, params: { readonly uri: string }) => Promise<Outcome>;
}

/** Keeps the `resources/subscribe` of a legacy upstream at what is wanted (spec 2025-11-25 server/resources, "Subscriptions"). */
export class LegacySubscriptions {
  readonly #options: LegacySubscriptionsOptions;
  readonly #subscribed = new Set<string>();
  /** What the server did not take; forgotten when nobody wants it any more. */
  readonly #refused = new Map<string, RpcError>();
  #wanted: ReadonlySet<string> = new Set();
  #running: Promise<void> | undefined;

  constructor(options: LegacySubscriptionsOptions) {
    this.#options = options;
  }

  /** Resolves with what is refused when the server has been told of the difference. It is asked again when the URI is wanted anew. */
  async set(uris: ReadonlySet<string>): Promise<RefusedResources> {
    this.#wanted = new Set(uris);
    while (this.#running) await this.#running;
    this.#running = this.#settle();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
    return new Map([...this.#refused].filter(([uri]) => uris.has(uri)));
  }

  /** The server has forgotten all of them: it is told anew what is wanted. Resolves with what it has taken. */
  async renew(): Promise<ReadonlySet<string>> {
    this.#subscribed.clear();
    this.#refused.clear();
    if (this.#wanted.size > 0) await this.set(this.#wanted);
    return this.#subscribed;
  }

  async #settle(): Promise<void> {
    const wanted = this.#wanted;
    const gone = [...this.#subscribed].filter((uri) => !wanted.has(uri));
    const fresh = [...wanted].filter((uri) => !this.#subscribed.has(uri) && !this.#refused.has(uri));
    for (const uri of this.#refused.keys()) if (!wanted.has(uri)) this.#refused.delete(uri);
    await Promise.all([
      ...gone.map(async (uri) => {
        this.#subscribed.delete(uri);
        await this.#tell('resources/unsubscribe', uri);
      }),
      ...fresh.map(async (uri) => {
        const error = await this.#tell('resources/subscribe', uri);
        if (error) this.#refused.set(uri, error);
        else this.#subscribed.add(uri);
      }),
    ]);
  }

  /** @returns why it was not taken */
  async #tell(method: string, uri: string): Promise<RpcError | undefined> {
    const { id, logger, ask } = this.#options;
    const { error } = await ask(method, { uri }).catch((failure: unknown) => ({ error: rpcErrorOf(toHubError(failure)) }));
    if (error) logger.warn(`Server "${id}" did not take ${method}: ${error.message}`, { server: id, method, uri });
    return error;
  }
}

import { HubError, toHubError } from '../base/index.ts';
import type { CatalogView } from '../catalog/index.ts';
import { type Outcome, type RpcError, rpcErrorOf } from '../protocol/index.ts';
import type { RefusedResources, Upstream } from '../upstream/index.ts';
import type { Scope } from './call.ts';
import { onlyOwnerHears } from './login-errors.ts';
import { resourceNotFound, subscribable } from './route.ts';
import type { Upstreams } from './upstreams.ts';

/** Most resources that one feed may be subscribed to. */
const MAX_WANTED = 1_000;

/** A resource as its own server knows it. */
export interface WatchedResource {
  readonly serverId: string;
  readonly uri: string;
}

/** The part of a feed that has to do with resources. */
interface ResourceWatcher {
  readonly options: { readonly scope: Scope; readonly sessionId?: string | undefined };
  /** By exposed URI. */
  readonly wanted: Map<string, WatchedResource>;
  /** Aborted when it ends. */
  readonly gone: AbortSignal;
  /** Whether what that server tells on its own account is for this one. */
  hears(upstream: Upstream | undefined): boolean;
}

export interface ResourceWatchOptions {
  readonly upstreams: Upstreams;
  readonly watchers: Iterable<ResourceWatcher>;
  view(scope: Scope): CatalogView | undefined;
  /** Sees to a change that nobody waits for. */
  inBackground(serverId: string, change: Promise<unknown>): void;
}

/** Who watches which resource, and one subscription per server on behalf of all. */
export class ResourceWatch {
  readonly #options: ResourceWatchOptions;

  constructor(options: ResourceWatchOptions) {
    this.#options = options;
  }

  /** As {@link Feed.subscribe}. */
  async subscribe(watcher: ResourceWatcher, uri: string): Promise<Outcome> {
    const { upstreams, view } = this.#options;
    const seen = view(watcher.options.scope);
    const found = seen && subscribable(seen, uri);
    const target = found?.targets.find(({ serverId }) => this.#canSubscribe(serverId));
    const upstream = target && upstreams.get(target.serverId);
    if (!upstream) return { error: rpcErrorOf(found?.notFound() ?? resourceNotFound(uri)) };
    if (!watcher.hears(upstream)) return { error: rpcErrorOf(onlyOwnerHears(upstream.id)) };
    const error = await this.#watch(watcher, uri, target, upstream);
    return error ? { error } : { result: {} };
  }

  /** @returns why it does not come about */
  async #watch(watcher: ResourceWatcher, uri: string, target: WatchedResource, upstream: Upstream): Promise<RpcError | undefined> {
    const { wanted, options, gone } = watcher;
    const down = await upstream.ready(gone).then(() => undefined, toHubError);
    const isNew = !wanted.has(uri);
    if (isNew && wanted.size >= MAX_WANTED) return rpcErrorOf(tooManySubscriptions());
    wanted.set(uri, target);
    const refused = await this.apply(upstream.id);
    const error = down ? rpcErrorOf(down) : refused?.get(target.uri);
    // A listener cannot ask again, and is told of the resource as soon as its server is back; so is a session that was subscribed before.
    const isKept = upstream.unavailable() !== undefined && (options.sessionId === undefined || !isNew);
    if (error && !isKept) {
      wanted.delete(uri);
      this.#options.inBackground(upstream.id, this.apply(upstream.id));
    }
    return error;
  }

  /** As {@link Feed.unsubscribe}. */
  async unsubscribe(watcher: ResourceWatcher, uri: string): Promise<Outcome> {
    const target = watcher.wanted.get(uri);
    if (target) {
      watcher.wanted.delete(uri);
      await this.apply(target.serverId);
    }
    return { result: {} };
  }

  /** Tells a server of everything that anybody wants to hear of its resources. */
  async apply(serverId: string): Promise<RefusedResources | undefined> {
    const { upstreams, watchers } = this.#options;
    const uris = new Set<string>();
    const upstream = upstreams.get(serverId);
    for (const watcher of watchers) {
      if (!watcher.hears(upstream)) continue;
      for (const target of watcher.wanted.values()) if (target.serverId === serverId) uris.add(target.uri);
    }
    return upstream?.setSubscribedResources(uris);
  }

  #canSubscribe(serverId: string): boolean {
    return this.#options.upstreams.get(serverId)?.listing?.identity.capabilities['resources'] !== undefined;
  }
}

function tooManySubscriptions(): HubError {
  return new HubError('LIMIT_EXCEEDED', `A client can subscribe to ${MAX_WANTED} resources at most. Unsubscribe from some first.`);
}

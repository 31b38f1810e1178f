import { type Clock, HubError, type Logger, messageOf, toHubError } from '../base/index.ts';
import type { Listing, ServerIdentity } from '../catalog/index.ts';
import {
  changeKindOf,
  type ChangeKind,
  headerParamsOf,
  isObject,
  type JsonObject,
  metaKey,
  metaOf,
  type NotificationMessage,
  type Outcome,
  paramHeaders,
  patchMeta,
  type RequestId,
  type RequestMessage,
  rpcCode,
  TASK_CHANGED,
} from '../protocol/index.ts';
import { ChangeListener } from './change-listener.ts';
import type { ConnectionListener } from './connect.ts';
import { emptyListing, fetchListing, type ListingSource, sameListing } from './fetch-listing.ts';
import { LegacySubscriptions } from './legacy-subscriptions.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Link } from './link.ts';
import { ListingRefresher } from './listing-refresher.ts';
import { listenParams } from './outgoing.ts';
import { Requester } from './requester.ts';
import { ServerRequests } from './server-requests.ts';
import type { Connection, UpstreamAnswer, UpstreamRequest } from './types.ts';

/** A client that sets the log level, or a call that wants one, waits for every server concerned: no longer than this, in milliseconds. */
const SET_LEVEL_MS = 5_000;

const ALL_KINDS: ReadonlySet<ChangeKind> = new Set(['tools', 'prompts', 'resources']);

export interface LiveConnectionOptions {
  /** The server's name, for messages. */
  readonly id: string;
  /** Open, with its era settled. The connection owns it from now on. */
  readonly link: Link;
  readonly identity: ServerIdentity;
  /** How often the server is pinged, in milliseconds; absent for never. */
  readonly keepAliveMs?: number;
  readonly hubInfo: JsonObject;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
  readonly on: ConnectionListener;
}

/** One incarnation of an upstream: from the handshake until its link is gone. */
export class LiveConnection implements Connection {
  readonly identity: ServerIdentity;
  readonly #options: LiveConnectionOptions;
  readonly #requester: Requester;
  readonly #refresher: ListingRefresher;
  readonly #changes: ChangeListener;
  readonly #serverRequests: ServerRequests;
  readonly #subscriptions: LegacySubscriptions;
  readonly #keepAlive: KeepAlive | undefined;
  #listing: Listing;
  #isReady = false;

  constructor(options: LiveConnectionOptions) {
    const { id, link, identity, hubInfo, clock, logger, requestTimeoutMs } = options;
    const speaker = { hubInfo, identity };
    this.#options = options;
    this.identity = identity;
    this.#listing = emptyListing(identity);
    this.#requester = new Requester({ id, link, clock, logger, requestTimeoutMs, speaker });
    this.#serverRequests = new ServerRequests({ id, callsFor: (via) => this.#requester.callsFor(via) });
    this.#refresher = new ListingRefresher({ clock, refetch: (kinds) => this.#refetch(kinds) });
    this.#subscriptions = new LegacySubscriptions({ id, logger, ask: (method, params) => this.#requester.ask({ method, params }) });
    const { keepAliveMs: everyMs } = options;
    this.#keepAlive = everyMs === undefined ? undefined : new KeepAlive({ clock, everyMs, ping: () => this.#ping() });
    this.#changes = new ChangeListener({
      id,
      link,
      clock,
      logger,
      capabilities: identity.capabilities,
      params: (params) => listenParams(speaker, params),
      onGap: (kinds) => this.#refresher.changed(...kinds),
    });
  }

  get listing(): Listing {
    return this.#listing;
  }

  /**
   * Listens for changes and fetches the first listing; the connection is ready then.
   *
   * @throws HubError when the link dies meanwhile, or the server wants a login for its lists.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { link, on } = this.#options;
    link.attach({
      notification: (message, via) => this.#notified(message, via),
      request: (message, via) => this.#requested(message, via),
      closed: (error) => {
        this.#stopWatching();
        if (this.#isReady) on.closed(error);
      },
    });
    if (this.identity.era === 'modern') await this.#changes.start();
    this.#listing = await fetchListing(this.#listingSource(signal), this.#listing, ALL_KINDS);
    if (link.closedBy) throw link.closedBy;
    signal.throwIfAborted();
    this.#isReady = true;
    this.#keepAlive?.start();
  }

  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    let outcome = await this.#send(request);
    if (outcome.error?.code === rpcCode.headerMismatch && this.#mirrorsHeaders(request.method)) {
      // The tool's schema is not what was listed; the server has refused before it ran anything.
      await this.#refresher.now('tools');
      outcome = await this.#send(request);
    }
    if (outcome.error?.code === rpcCode.unsupportedProtocolVersion && this.identity.era === 'modern') throw this.#outdated();
    return { era: this.identity.era, outcome };
  }

  async setSubscribedResources(uris: ReadonlySet<string>): Promise<void> {
    if (this.identity.era === 'modern') return this.#changes.setUris(uris);
    const { resources } = this.identity.capabilities;
    if (isObject(resources) && resources['subscribe'] === true) await this.#subscriptions.set(uris);
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.identity.era === 'modern' ? this.#changes.setTaskIds(taskIds) : new Set();
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    const { era, capabilities } = this.identity;
    if (era === 'modern' || level === undefined || !isObject(capabilities['logging'])) return;
    const { error } = await this.#requester.ask({ method: 'logging/setLevel', params: { level }, timeoutMs: SET_LEVEL_MS });
    if (error) this.#options.logger.warn(`Server "${this.#options.id}" did not take the log level ${level}: ${error.message}`);
  }

  async close(): Promise<void> {
    this.#isReady = false;
    this.#stopWatching();
    await this.#options.link.close();
  }

  #stopWatching(): void {
    this.#keepAlive?.dispose();
    this.#refresher.dispose();
    this.#changes.dispose();
  }

  /** The server is not the one that was negotiated with any more: this connection is of no use, a new one settles the era. */
  #outdated(): HubError {
    const { id, link } = this.#options;
    const message = `Server "${id}" no longer speaks ${this.identity.protocolVersion}. The connection is made anew; call again.`;
    const error = new HubError('CONNECTION_ERROR', message, { details: { server: id } });
    link.fail(error);
    return error;
  }

  async #ping(): Promise<void> {
    try {
      await this.#requester.ask({ method: 'ping' });
    } catch (error) {
      // Expected: TIMEOUT, or the end of the link, which is told by its own event.
      this.#options.logger.debug('A ping was not answered', { code: toHubError(error).code });
    }
  }

  #send(request: UpstreamRequest): Promise<Outcome> {
    const headers = this.#mirrorsHeaders(request.method) ? this.#paramHeaders(request.params) : undefined;
    return this.#requester.ask({ ...request, headers });
  }

  #mirrorsHeaders(method: string): boolean {
    return method === 'tools/call' && this.identity.era === 'modern' && this.#options.link.isHttp;
  }

  #paramHeaders(params: JsonObject | undefined): Record<string, string> {
    const tool = this.#listing.items.tools.find(({ name }) => name === params?.['name']);
    const declared = headerParamsOf(tool?.['inputSchema']);
    return 'invalid' in declared ? {} : paramHeaders(declared, params?.['arguments']);
  }

  #listingSource(signal?: AbortSignal): ListingSource {
    const { id, logger, link } = this.#options;
    return {
      id,
      logger,
      identity: this.identity,
      checksHeaders: this.identity.era === 'modern' && link.isHttp,
      ask: (method, params) => this.#requester.ask({ method, params, signal }),
    };
  }

  async #refetch(kinds: ReadonlySet<ChangeKind>): Promise<void> {
    const { id, logger, on, link } = this.#options;
    try {
      const fresh = await fetchListing(this.#listingSource(), this.#listing, kinds);
      if (link.closedBy || sameListing(fresh, this.#listing)) return;
      this.#listing = fresh;
      if (this.#isReady) on.listing(fresh);
    } catch (error) {
      if (link.closedBy) return;
      // Expected: UNAUTHORIZED, a login that ran out. The next call says so to whoever makes it.
      logger.warn(`The lists of server "${id}" could not be fetched again: ${messageOf(error)}`, { code: toHubError(error).code });
    }
  }

  #notified(message: NotificationMessage, via: RequestId | undefined): void {
    const changed = changeKindOf(message.method);
    if (changed) return this.#refresher.changed(changed);
    switch (message.method) {
      case 'notifications/progress':
        return this.#requester.progress(message);
      case 'notifications/message':
        return this.#logged(message, via);
      case 'notifications/resources/updated':
        return this.#updated(message);
      case 'notifications/subscriptions/acknowledged':
        return this.#changes.acknowledged(subscriptionOf(message) ?? via, message);
      case TASK_CHANGED:
        return this.#taskChanged(message);
      case 'notifications/cancelled':
        return this.identity.era === 'modern' ? this.#changes.cancelledByServer(message) : this.#serverRequests.cancelled(message);
      case 'notifications/elicitation/complete':
        return void this.#requester.deliver(message, via);
      default:
        if (via !== undefined) this.#requester.deliver(message, via);
    }
  }

  async #requested(message: RequestMessage, via: RequestId | undefined): Promise<Outcome | undefined> {
    if (this.identity.era === 'legacy') return this.#serverRequests.answer(message, via);
    const text = `"${message.method}": a server has no requests to its client in ${this.identity.protocolVersion}.`;
    return { error: { code: rpcCode.methodNotFound, message: text } };
  }

  #logged(message: NotificationMessage, via: RequestId | undefined): void {
    if (!this.#requester.deliver(message, via) && this.#isReady) this.#options.on.logMessage(message);
  }

  #updated(message: NotificationMessage): void {
    const uri = message.params?.['uri'];
    if (typeof uri === 'string' && this.#isReady) this.#options.on.resourceUpdated({ uri, notification: untagged(message) });
  }

  #taskChanged(message: NotificationMessage): void {
    const taskId = message.params?.['taskId'];
    if (typeof taskId === 'string' && this.#isReady) this.#options.on.taskChanged({ taskId, notification: untagged(message) });
  }
}

/** The id of the subscription is between this upstream and the hub. */
function untagged(message: NotificationMessage): NotificationMessage {
  return { ...message, params: patchMeta(message.params ?? {}, { [metaKey.subscriptionId]: undefined }) };
}

function subscriptionOf({ params }: NotificationMessage): RequestId | undefined {
  const id = metaOf(params)?.[metaKey.subscriptionId];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

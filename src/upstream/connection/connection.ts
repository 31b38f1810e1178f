import { type Clock, type HubError, type Logger, toHubError } from '../../base/index.ts';
import type { CacheHint, Listing, ServerIdentity } from '../../catalog/index.ts';
import {
  changeKindOf,
  isObject,
  type JsonObject,
  type ListKind,
  type NotificationMessage,
  type Outcome,
  type RequestId,
  type RequestMessage,
  resourceUpdated,
  rpcCode,
  TASK_CHANGED,
} from '../../protocol/index.ts';
import { ChangeListener } from '../lists/change-listener.ts';
import type { ConnectionListener, ConnectOptions } from './connect.ts';
import { Elicitations } from './elicitations.ts';
import { DeclaredHeaders } from './declared-headers.ts';
import { LegacyLogLevel } from './legacy-log-level.ts';
import { LegacySubscriptions } from '../lists/legacy-subscriptions.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Link } from './link.ts';
import type { ListHealth } from '../lists/list-health.ts';
import { LiveListing } from '../lists/live-listing.ts';
import { listenParams } from './outgoing.ts';
import { versionRefused } from './refused-version.ts';
import { Requester, type RequesterOptions } from './requester.ts';
import { ServerRequests } from './server-requests.ts';
import { refusedAll, takesSubscriptions, untold } from '../lists/refused-resources.ts';
import { subscriptionOf, untagged } from '../lists/subscription-tag.ts';
import type { Connection, Origin, RefusedResources, UpstreamAnswer, UpstreamRequest } from '../types.ts';

export interface LiveConnectionOptions
  extends Pick<RequesterOptions, 'forward'>,
    Pick<ConnectOptions, 'listing' | 'former' | 'roots' | 'pingIntervalMs' | 'requestTimeoutMs'> {
  /** The server's name, for messages. */
  readonly id: string;
  /** Open, with its era settled. The connection owns it from now on. */
  readonly link: Link;
  readonly identity: ServerIdentity;
  /** As {@link Connection.isEraGuessed}. */
  readonly isEraGuessed?: boolean;
  /** How often the server is pinged, in milliseconds; absent for never. */
  readonly keepAliveMs?: number;
  readonly hubInfo: JsonObject;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes out of a text what is secret. */
  readonly redact: (text: string) => string;
  readonly on: ConnectionListener;
}

/** One incarnation of an upstream: from the handshake until its link is gone. */
export class LiveConnection implements Connection {
  readonly identity: ServerIdentity;
  readonly isEraGuessed: boolean;
  readonly #options: LiveConnectionOptions;
  readonly #requester: Requester;
  readonly #lists: LiveListing;
  readonly #changes: ChangeListener;
  readonly #serverRequests: ServerRequests;
  readonly #elicitations: Elicitations;
  readonly #subscriptions: LegacySubscriptions;
  readonly #level: LegacyLogLevel;
  readonly #heartbeat: Heartbeat;
  readonly #declared = new DeclaredHeaders();
  #isReady = false;

  constructor(options: LiveConnectionOptions) {
    const { id, link, identity, hubInfo, clock, logger, requestTimeoutMs, forward, on } = options;
    const speaker = { hubInfo, identity };
    this.#options = options;
    this.identity = identity;
    this.isEraGuessed = options.isEraGuessed === true;
    this.#requester = new Requester({ id, link, clock, logger, requestTimeoutMs, speaker, forward });
    this.#elicitations = new Elicitations((event) => on.forSession(event));
    this.#serverRequests = new ServerRequests({
      id,
      clock,
      callsFor: (via) => this.#requester.callsFor(via),
      roots: options.roots ?? (async () => []),
      notify: (method, params) => this.notify({ jsonrpc: '2.0', method, params }),
      onAsked: (called) => on.asked(called),
      onQuestion: ({ params }, call) => this.#elicitations.asked(params, call),
    });
    this.#lists = new LiveListing({
      ...options,
      ask: (method, params, signal) => this.#requester.ask({ method, params, signal }),
      isWatched: (kind) => this.#changes.watches(kind),
      onChange: (listing) => this.#isReady && options.on.listing(listing),
      onFailure: (error) => this.#isReady && options.on.listFailed(error),
    });
    this.#subscriptions = new LegacySubscriptions({ id, logger, ask: (method, params) => this.#requester.ask({ method, params }) });
    this.#level = new LegacyLogLevel({
      id,
      logger,
      ask: (level, timeoutMs) => this.#requester.ask({ method: 'logging/setLevel', params: { level }, timeoutMs }),
    });
    const { era } = identity;
    const { keepAliveMs, pingIntervalMs } = options;
    const ping = (timeoutMs?: number): Promise<Outcome> => this.#requester.ask({ method: 'ping', timeoutMs });
    const onDegraded = (): void => options.on.degraded(undefined);
    this.#heartbeat = new Heartbeat({ id, link, era, clock, logger, keepAliveMs, pingIntervalMs, ping, onDegraded });
    this.#changes = new ChangeListener({
      id,
      link,
      clock,
      logger,
      capabilities: identity.capabilities,
      params: (params) => listenParams(speaker, params),
      onGap: (kinds, uris) => {
        this.#lists.changed(...kinds);
        this.#mayHaveChanged(uris);
      },
    });
  }

  get listing(): Listing {
    return this.#lists.current;
  }

  get listHealth(): ListHealth {
    return this.#lists.health;
  }

  get degraded(): string | undefined {
    return this.#heartbeat.degraded;
  }

  get resourceChanges(): number {
    return this.#lists.changesOf('resources');
  }

  listHint(kind: ListKind): CacheHint | undefined {
    return this.#lists.hint(kind);
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.#lists.freshen(kind);
  }

  refresh(): Promise<void> {
    return this.#lists.refresh();
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
      renewed: () => this.#renewed(),
      closed: (error) => {
        this.#stopWatching();
        if (this.#isReady) on.closed(error);
      },
    });
    if (this.identity.era === 'modern') await this.#changes.start();
    await this.#lists.fetchFirst(signal);
    if (link.closedBy) throw link.closedBy;
    signal.throwIfAborted();
    this.#isReady = true;
    this.#heartbeat.start();
  }

  request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { era } = this.identity;
    return this.#send(request).then((outcome) => (outcome.error ? this.#refused(request, outcome) : { era, outcome }));
  }

  async #refused(request: UpstreamRequest, first: Outcome): Promise<UpstreamAnswer> {
    let outcome = first;
    if (outcome.error?.code === rpcCode.headerMismatch && this.#mirrorsHeaders(request.method)) {
      // The tool's schema is not what was listed; the server has refused before it ran anything.
      await this.#lists.now('tools');
      outcome = await this.#send(request);
    }
    if (outcome.error) this.#elicitations.refused(outcome.error, request.origin);
    const { era } = this.identity;
    if (outcome.error?.code !== rpcCode.unsupportedProtocolVersion || era !== 'modern') return { era, outcome };
    const { id, link } = this.#options;
    return { era, outcome: versionRefused(id, this.identity, outcome.error, (lost) => link.fail(lost)) };
  }

  notify({ method, params }: NotificationMessage): void {
    const { link, logger } = this.#options;
    link
      .notify(method, params)
      .catch((error: unknown) => logger.debug('A notification was not delivered', { code: toHubError(error).code }));
  }

  async setSubscribedResources(uris: ReadonlySet<string>): Promise<RefusedResources> {
    const { era, capabilities } = this.identity;
    if (!takesSubscriptions(capabilities)) return refusedAll(uris, untold(this.#options.id));
    return era === 'modern' ? this.#changes.setUris(uris) : this.#subscriptions.set(uris);
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    return this.identity.era === 'modern' ? this.#changes.setTaskIds(taskIds) : new Set();
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    const { era, capabilities } = this.identity;
    if (era === 'legacy' && isObject(capabilities['logging'])) await this.#level.set(level);
  }

  rootsChanged(): void {
    this.#serverRequests.rootsChanged();
  }

  async close(reason?: HubError): Promise<void> {
    this.#isReady = false;
    this.#stopWatching();
    await this.#options.link.close(reason);
  }

  #stopWatching(): void {
    this.#heartbeat.dispose();
    this.#lists.dispose();
    this.#changes.dispose();
  }

  /** The server has a new session, which knows nothing of what the one before was told. */
  #renewed(): void {
    this.#lists.changed('tools', 'prompts', 'resources');
    const told = [this.#subscriptions.renew().then((uris) => this.#mayHaveChanged(uris)), this.#level.renew()];
    Promise.all(told).catch((error: unknown) =>
      this.#options.logger.debug('A new session was not told everything', { code: toHubError(error).code }),
    );
  }

  #send(request: UpstreamRequest): Promise<Outcome> {
    const headers = this.#mirrorsHeaders(request.method) ? this.#declared.of(this.#lists.current, request.params) : undefined;
    return this.#requester.ask(request, headers);
  }

  #mirrorsHeaders(method: string): boolean {
    return method === 'tools/call' && this.identity.era === 'modern' && this.#options.link.isHttp;
  }

  #notified(message: NotificationMessage, via: RequestId | undefined): void {
    const changed = changeKindOf(message.method);
    if (changed) return this.#lists.changed(changed);
    switch (message.method) {
      case 'notifications/progress':
        return this.#requester.progress(message);
      case 'notifications/message':
        return this.#logged(message, via);
      case 'notifications/resources/updated':
        return this.#updated(message);
      case 'notifications/subscriptions/acknowledged':
        return this.#changes.acknowledged(subscriptionOf(message) ?? via, message.params);
      case TASK_CHANGED:
        return this.#taskChanged(message);
      case 'notifications/cancelled':
        return this.identity.era === 'modern' ? this.#changes.cancelledByServer(message) : this.#serverRequests.cancelled(message);
      case 'notifications/elicitation/complete':
        return this.#elicitations.completed(message);
      default:
        return this.#unknown(message, via);
    }
  }

  #unknown(message: NotificationMessage, via: RequestId | undefined): void {
    const isDelivered = via !== undefined && this.#requester.deliver(message, via);
    if (!isDelivered && this.identity.era === 'legacy' && this.#isReady) this.#options.on.logMessage(message);
  }

  async #requested(message: RequestMessage, via: RequestId | undefined): Promise<Outcome | undefined> {
    if (this.identity.era === 'legacy') return this.#serverRequests.answer(message, via);
    const text = `"${message.method}": a server has no requests to its client in ${this.identity.protocolVersion}.`;
    return { error: { code: rpcCode.methodNotFound, message: text } };
  }

  #logged(message: NotificationMessage, via: RequestId | undefined): void {
    const isMeantFor = (origin: Origin): boolean => this.#level.isMeantFor(message, origin);
    if (!this.#requester.deliver(message, via, isMeantFor) && this.#isReady) this.#options.on.logMessage(message);
  }

  #updated(message: NotificationMessage): void {
    const uri = message.params?.['uri'];
    if (typeof uri === 'string' && this.#isReady) this.#options.on.resourceUpdated({ uri, notification: untagged(message) });
  }

  /** What happened to these resources while nobody listened is not known. */
  #mayHaveChanged(uris: Iterable<string>): void {
    for (const uri of uris) this.#updated(resourceUpdated(uri));
  }

  #taskChanged(message: NotificationMessage): void {
    const taskId = message.params?.['taskId'];
    if (typeof taskId === 'string' && this.#isReady) this.#options.on.taskChanged({ taskId, notification: untagged(message) });
  }
}

import { type Clock, type Disposable, Disposables, HUB_OWNER, type Logger, messageOf } from '../base/index.ts';
import { type Catalog, type CatalogView, changesBetween } from '../catalog/index.ts';
import type { LoggingLevel, NotificationMessage } from '../protocol/index.ts';
import { isWantedAt, listChangedMethod, LOG_LEVELS, notification } from '../protocol/index.ts';
import { LEVEL_OF_THE_SILENT, loginOwner, type MembersChange, type PoolEvents, type Upstream } from '../upstream/index.ts';
import type { Downstream, Scope } from './call.ts';
import { CallLevels } from './call-levels.ts';
import type { Feed, FeedOptions } from './feed.ts';
import { isWithin } from './is-within.ts';
import { MergedUpdates } from './merged-updates.ts';
import { ResourceWatch, type WatchedResource } from './resource-watch.ts';
import { Roots } from './roots.ts';
import { applyWatchedTasks, serversOf, tellOfTask, type WatchedTask, watchTasks } from './task-watch.ts';
import type { Upstreams } from './upstreams.ts';

/** One attached feed and what it wants. */
class FeedState {
  readonly options: FeedOptions;
  /** Exposed URI → where it really is. */
  readonly wanted = new Map<string, WatchedResource>();
  /** Exposed task id → where it really is. */
  tasks: ReadonlyMap<string, WatchedTask> = new Map();
  logLevel: LoggingLevel | undefined;
  readonly #gone = new AbortController();

  constructor(options: FeedOptions) {
    this.options = options;
  }

  covers(serverId: string): boolean {
    return inScope(this.options.scope, serverId);
  }

  get principalId(): string {
    return this.options.principal.id;
  }

  /** Aborted when it ends. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  end(): void {
    this.#gone.abort();
  }

  /** Whether what a server tells on its own account is for this one: it says that to the login of the hub's owner. */
  hears(upstream: Upstream | undefined): boolean {
    return upstream !== undefined && loginOwner(upstream.definition, this.principalId) === HUB_OWNER;
  }
}

export interface FeedsOptions {
  readonly upstreams: Upstreams;
  readonly clock: Clock;
  readonly logger: Logger;
  view(scope: Scope): CatalogView | undefined;
}

/**
 * Everybody who listens, and one subscription or log level per upstream on their behalf, however many they are
 * (protocol: "subscriptions/listen fan-in").
 */
export class Feeds implements Disposable {
  readonly #options: FeedsOptions;
  readonly #feeds = new Set<FeedState>();
  readonly #owned = new Disposables();
  readonly #callLevels: CallLevels;
  /** The level that each upstream was last asked for; absent while it is left to the upstream. */
  readonly #levels = new Map<string, LoggingLevel>();
  readonly #roots: Roots;
  readonly #updates: MergedUpdates;
  readonly #resources: ResourceWatch;

  constructor(options: FeedsOptions) {
    this.#options = options;
    const { clock } = options;
    this.#callLevels = new CallLevels({ clock, onOver: (serverId) => this.#background(serverId, this.#applyLogLevel(serverId)) });
    this.#roots = new Roots(options);
    const inBackground = (serverId: string, change: Promise<unknown>): void => this.#background(serverId, change);
    this.#resources = new ResourceWatch({ ...options, watchers: this.#feeds, inBackground });
    const hasReplicas = (serverId: string): boolean => options.upstreams.get(serverId)?.replicas !== undefined;
    this.#updates = new MergedUpdates({ clock, hasReplicas, tell: (update) => this.#onResourceUpdated(update) });
  }

  start(): void {
    this.#owned.add(this.#callLevels);
    const { upstreams } = this.#options;
    this.#owned.add(upstreams.on('members', (change) => this.#follow(change)));
    this.#owned.add(this.#updates);
    this.#owned.add(upstreams.on('resourceUpdated', (event) => this.#updates.add(event)));
    this.#owned.add(upstreams.on('taskChanged', (event) => tellOfTask(this.#feeds, event, upstreams)));
    this.#owned.add(upstreams.on('logMessage', (event) => this.#onLogMessage(event)));
    this.#owned.add(upstreams.on('forSession', (event) => this.#onForSession(event)));
    this.#owned.add(this.#roots).start();
  }

  dispose(): void {
    this.#owned.dispose();
    this.#feeds.clear();
  }

  attach(options: FeedOptions): Feed {
    const state = new FeedState(options);
    this.#feeds.add(state);
    if (options.logs && this.#levels.size > 0) this.#background('all', this.#applyLogLevels());
    const roots = this.#roots.attach(options);
    return {
      subscribe: (uri) => this.#resources.subscribe(state, uri),
      unsubscribe: (uri) => this.#resources.unsubscribe(state, uri),
      watchTasks: (taskIds) => watchTasks(this.#feeds, state, taskIds, this.#options.upstreams),
      setLogLevel: async (level) => {
        state.logLevel = level;
        await this.#applyLogLevels();
      },
      rootsChanged: () => roots.changed(),
      reachable: () => roots.reachable(),
      dispose: () => {
        roots.dispose();
        this.#detach(state);
      },
    };
  }

  /** Announces to every feed what changed in its part of the offer. */
  announce(before: Catalog, after: Catalog): void {
    for (const { options } of this.#feeds) {
      if (options.changes.size === 0) continue;
      const only = options.scope.kind === 'server' ? options.scope.id : undefined;
      for (const kind of changesBetween(before, after, only)) {
        if (options.changes.has(kind)) options.send(notification(listChangedMethod[kind]));
      }
    }
  }

  /** Sees to it that a legacy upstream sends messages as fine as one modern call wants them, until the call is over: what is returned says so. */
  async wantCallLevel(serverId: string, level: LoggingLevel): Promise<() => void> {
    const release = this.#callLevels.want(serverId, level);
    await this.#applyLogLevel(serverId);
    return release;
  }

  /** The same for the retry of a call that its server works on already: that is told before anything else, and not waited for. */
  raiseLogLevel(serverId: string, { logLevel }: Downstream): (() => void) | undefined {
    if (!logLevel) return undefined;
    const release = this.#callLevels.want(serverId, logLevel);
    this.#background(serverId, this.#applyLogLevel(serverId));
    return release;
  }

  #detach(state: FeedState): void {
    if (!this.#feeds.delete(state)) return;
    state.end();
    for (const serverId of serversOf(state)) this.#background(serverId, applyWatchedTasks(this.#feeds, serverId, this.#options.upstreams));
    const servers = new Set([...state.wanted.values()].map(({ serverId }) => serverId));
    for (const serverId of servers) this.#background(serverId, this.#resources.apply(serverId));
    if (state.logLevel) this.#background('all', this.#applyLogLevels());
    const { sessionId } = state.options;
    if (sessionId !== undefined) for (const upstream of this.#options.upstreams.all()) upstream.endSession(sessionId);
  }

  /** A server that comes is told what is wanted of it, which may be from before it went. */
  #follow({ added, removed }: MembersChange): void {
    for (const serverId of removed) this.#levels.delete(serverId);
    for (const serverId of added) {
      const subscribed = this.#resources.apply(serverId);
      const watched = applyWatchedTasks(this.#feeds, serverId, this.#options.upstreams);
      this.#background(serverId, Promise.all([subscribed, watched, this.#applyLogLevel(serverId)]));
    }
  }

  /** A change that nobody waits for; a failure is worth a line and nothing more. */
  #background(serverId: string, change: Promise<unknown>): void {
    change.catch((error: unknown) =>
      this.#options.logger.debug(`Could not update a subscription: ${messageOf(error)}`, { server: serverId }),
    );
  }

  async #applyLogLevels(): Promise<void> {
    await Promise.all(this.#options.upstreams.all().map(({ id }) => this.#applyLogLevel(id)));
  }

  async #applyLogLevel(serverId: string): Promise<void> {
    const finest = this.#finestLevel(serverId);
    if (finest) this.#levels.set(serverId, finest);
    else this.#levels.delete(serverId);
    try {
      await this.#options.upstreams.get(serverId)?.setLogLevel(finest);
    } catch (error) {
      // One server that refuses a level must not fail the request that set it for all.
      this.#options.logger.debug(`Could not set the log level: ${messageOf(error)}`, { server: serverId });
    }
  }

  /** A session that never set a level counts as one that wants `info` as soon as anybody sets one: it must neither lose by it nor gain. */
  #finestLevel(serverId: string): LoggingLevel | undefined {
    const wanted = new Set([this.#callLevels.finest(serverId)]);
    let isAnybodySilent = false;
    for (const feed of this.#feeds) {
      if (!feed.covers(serverId)) continue;
      wanted.add(feed.logLevel);
      isAnybodySilent ||= feed.options.logs && feed.logLevel === undefined;
    }
    wanted.delete(undefined);
    if (wanted.size > 0 && isAnybodySilent) wanted.add(LEVEL_OF_THE_SILENT);
    return LOG_LEVELS.find((level) => wanted.has(level));
  }

  #onResourceUpdated({ id, uri, notification: updated }: PoolEvents['resourceUpdated']): void {
    const upstream = this.#options.upstreams.get(id);
    for (const feed of this.#feeds) {
      if (!feed.hears(upstream)) continue;
      // A set, because somebody may want a resource and a part of it, and is told of one update once.
      const named = new Set<string>();
      for (const [exposed, target] of feed.wanted) {
        if (target.serverId === id && isWithin(uri, target.uri)) named.add(exposed + uri.slice(target.uri.length));
      }
      for (const exposed of named) feed.options.send({ ...updated, params: { ...updated.params, uri: exposed } });
    }
  }

  #onForSession({ id, sessionId, notification: message }: PoolEvents['forSession']): void {
    const ofTheSilent = this.#levelOfTheSilent(id);
    for (const feed of this.#feeds) {
      if (feed.options.sessionId !== sessionId || !isIntelligible(feed, message)) continue;
      if (feed.covers(id) && isWantedAt(feed.logLevel ?? ofTheSilent, message)) feed.options.send(message);
    }
  }

  /** What a session hears that never set a level: all that a server sends, unless the server was asked to send more or less. */
  #levelOfTheSilent(serverId: string): LoggingLevel | 'all' {
    return this.#levels.has(serverId) ? LEVEL_OF_THE_SILENT : 'all';
  }

  #onLogMessage({ id, notification: message, principalId }: PoolEvents['logMessage']): void {
    const ofTheSilent = this.#levelOfTheSilent(id);
    const upstream = this.#options.upstreams.get(id);
    for (const feed of this.#feeds) {
      if (!isIntelligible(feed, message) || !feed.hears(upstream) || (principalId ?? feed.principalId) !== feed.principalId) continue;
      if (feed.options.logs && feed.covers(id) && isWantedAt(feed.logLevel ?? ofTheSilent, message)) feed.options.send(message);
    }
  }
}

const KNOWN: ReadonlySet<string> = new Set(['notifications/message', 'notifications/elicitation/complete']);

/** What nobody knows says nothing to somebody who does not know which server it comes from. */
function isIntelligible({ options }: FeedState, { method }: NotificationMessage): boolean {
  return options.scope.kind === 'server' || KNOWN.has(method);
}

function inScope(scope: Scope, serverId: string): boolean {
  return scope.kind === 'all' || scope.id === serverId;
}

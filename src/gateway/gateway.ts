import { type Clock, closest, type Disposable, Disposables, HUB_OWNER, HubError, type Logger, toHubError } from '../base/index.ts';
import type { CatalogNote, CatalogView } from '../catalog/index.ts';
import type { HeaderParam, JsonObject, ListKind, NotificationMessage } from '../protocol/index.ts';
import { headerParamsOf, isObject, listKindOf, metaKey } from '../protocol/index.ts';
import { loginOwner, type Upstream } from '../upstream/index.ts';
import { failureAnswer, hubFailure, hubResult } from './answer.ts';
import type { Answer, Call, Scope } from './call.ts';
import type { Gateway } from './contract.ts';
import { discoverAll, discoverOne, type HubIdentity } from './discover.ts';
import type { Feed, FeedOptions } from './feed.ts';
import { Feeds } from './feeds.ts';
import { forward, forwardRouted, type Roads } from './forward.ts';
import { freshenList, listHint } from './list-hints.ts';
import { ownerMustLogIn } from './login-errors.ts';
import type { LoginPages } from './login-pages.ts';
import { LoginVisits } from './login-visits.ts';
import { Offer } from './offer.ts';
import { Parks } from './parks.ts';
import { ReadCache } from './read-cache.ts';
import { routeCall, type Routing } from './route.ts';
import { hasTasks, isTaskCall, noSuchTask, taskRefusal } from './task-calls.ts';
import { routeTask } from './task-ids.ts';
import type { Upstreams } from './upstreams.ts';

export interface GatewayOptions {
  readonly upstreams: Upstreams;
  readonly hub: HubIdentity;
  /** Most characters in an exposed name; asked whenever the catalog is built. {@link HubGateway.rebuild} after a change. */
  readonly maxToolNameLength: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where people log in at servers that need it; without it, calls to those fail. */
  readonly logins?: LoginPages;
  /** Told once of everything that a person should know about the merged offer: hidden tools, collisions. */
  onNote(note: CatalogNote): void;
}

/** The road of every call: what it names → where that is → there and back. */
export class HubGateway implements Gateway, Disposable {
  readonly #options: GatewayOptions;
  readonly #owned = new Disposables();
  readonly #offer: Offer;
  readonly #feeds: Feeds;
  readonly #reads: ReadCache;
  readonly #roads: Roads & { readonly parks: Parks };
  readonly #headerParams = new WeakMap<JsonObject, readonly HeaderParam[]>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { upstreams, maxToolNameLength, clock, logger } = options;
    this.#roads = {
      upstreams,
      clock,
      parks: new Parks(clock, (serverId, downstream) => this.#feeds.raiseLogLevel(serverId, downstream)),
      logins: options.logins && new LoginVisits(options.logins, clock),
    };
    this.#feeds = new Feeds({ upstreams, clock, logger, view: (scope) => this.#view(scope) });
    this.#reads = new ReadCache({ upstreams, clock });
    this.#offer = new Offer({
      upstreams,
      maxToolNameLength,
      clock,
      onChange: (before, after) => this.#feeds.announce(before, after),
      onNote: (note) => options.onNote(note),
    });
  }

  start(): void {
    this.#owned.add(this.#offer).start();
    this.#owned.add(this.#reads).start();
    this.#owned.add(this.#feeds).start();
    this.#owned.add(this.#roads.parks);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Builds the catalog anew with the settings as they are now, and announces what that changes. */
  rebuild(): void {
    this.#offer.rebuild();
  }

  /** What a person should know about the offer as it is now. */
  get notes(): readonly CatalogNote[] {
    return this.#offer.catalog.notes;
  }

  /** How many items of each kind the merged endpoint offers. */
  count(kind: ListKind): number {
    return this.#offer.catalog.all.list(kind).length;
  }

  hasServer(id: string): boolean {
    return this.#options.upstreams.get(id) !== undefined;
  }

  serverLike(id: string): string | undefined {
    const ids = this.#options.upstreams.all().map((upstream) => upstream.id);
    return closest(id, ids);
  }

  attach(options: FeedOptions): Feed {
    return this.#feeds.attach(options);
  }

  notify(scope: Scope, notification: NotificationMessage, sessionId: string): void {
    const only = scope.kind === 'server' ? this.#options.upstreams.get(scope.id) : undefined;
    if (only?.listing?.identity.era === 'legacy') only.notify(notification, sessionId);
  }

  headerParams(scope: Scope, toolName: string): readonly HeaderParam[] | undefined {
    const view = this.#view(scope);
    const tool = (view?.tool(toolName) ?? view?.plainTool(toolName))?.item;
    if (!tool) return undefined;
    let params = this.#headerParams.get(tool);
    if (!params) {
      const declared = headerParamsOf(tool['inputSchema']);
      params = 'invalid' in declared ? [] : declared;
      this.#headerParams.set(tool, params);
    }
    return params;
  }

  async call(call: Call): Promise<Answer> {
    try {
      return await this.#dispatch(call);
    } catch (error) {
      return hubFailure(toHubError(error));
    }
  }

  #dispatch(call: Call): Promise<Answer> | Answer {
    const { method } = call;
    if (method === 'server/discover') return this.#discover(call);
    const kind = listKindOf(method);
    if (kind) return this.#list(call, kind);
    return isTaskCall(call) ? this.#task(call) : this.#named(call);
  }

  /** A `tasks/*` of the extension; the id in it says where it goes. */
  async #task(call: Call): Promise<Answer> {
    const refusal = taskRefusal(call);
    if (refusal) return refusal;
    const { upstreams, clock } = this.#options;
    const params = call.params ?? {};
    const ids = upstreams.all().map(({ id }) => id);
    const task = call.scope.kind === 'all' ? routeTask(ids, call.method, params) : { serverId: call.scope.id, params };
    const upstream = upstreams.get(task.serverId);
    if (!upstream) throw serverGone(call.scope);
    await upstream.settled(call.signal);
    return hasTasks(upstream) ? forward(clock, upstream, call, task.params, { logins: this.#roads.logins }) : noSuchTask(call);
  }

  /** A call that names a tool, prompt or resource; on one server's endpoint, any other method as well. */
  #named(call: Call): Promise<Answer> | Answer {
    const resumed = this.#roads.parks.resume(call);
    if (resumed) return resumed;
    const routing = this.#route(call, call.params ?? {});
    return routing && !isCertain(routing) ? this.#uncertain(call) : this.#routed(call, routing);
  }

  /** What is asked for may belong to a server that is still starting. */
  async #uncertain(call: Call): Promise<Answer> {
    const params = call.params ?? {};
    await this.#settled(call);
    const routing = this.#route(call, params);
    const down = routing?.routes.length === 0 ? this.#downOwner(call.scope, params) : undefined;
    return down ? failureAnswer(call.method, down) : this.#routed(call, routing);
  }

  #routed(call: Call, routing: Routing | undefined): Promise<Answer> | Answer {
    const { upstreams, clock } = this.#roads;
    if (!routing) {
      const only = call.scope.kind === 'server' ? upstreams.get(call.scope.id) : undefined;
      return only ? forward(clock, only, call, call.params, this.#roads) : unknownMethod(call.method);
    }
    const raising = this.#raiseLogLevel(call, routing);
    return raising ? this.#sendAfter(raising, call, routing) : this.#send(call, routing);
  }

  async #sendAfter(raising: Promise<() => void>, call: Call, routing: Routing): Promise<Answer> {
    const release = await raising;
    try {
      return await this.#send(call, routing);
    } finally {
      release();
    }
  }

  #send(call: Call, routing: Routing): Promise<Answer> {
    if (call.method !== 'resources/read') return forwardRouted(this.#roads, call, routing);
    return this.#reads.through(call, routing, () => forwardRouted(this.#roads, call, routing));
  }

  #route(call: Call, params: JsonObject): Routing | undefined {
    const view = this.#view(call.scope);
    if (!view) throw serverGone(call.scope);
    const routing = routeCall(view, call.method, params);
    // The one server of an endpoint of its own has the last word on what it knows.
    if (routing && routing.routes.length === 0 && call.scope.kind === 'server') {
      return { ...routing, routes: [{ serverId: call.scope.id, params }] };
    }
    return routing;
  }

  #raiseLogLevel({ downstream }: Call, { routes }: Routing): Promise<() => void> | undefined {
    const { logLevel, era } = downstream;
    const [route] = routes;
    if (!logLevel || era !== 'modern' || !route) return undefined;
    const upstream = this.#options.upstreams.get(route.serverId);
    return upstream?.listing?.identity.era === 'legacy' ? this.#feeds.wantCallLevel(route.serverId, logLevel) : undefined;
  }

  async #list(call: Call, kind: ListKind): Promise<Answer> {
    // `null` is how some clients write that there is none.
    if ((call.params?.['cursor'] ?? undefined) !== undefined) {
      const error = new HubError('VALIDATION_ERROR', `${call.method}: unknown cursor. The hub answers every list in one page.`);
      return hubFailure(error);
    }
    await this.#settled(call);
    const scoped = this.#scoped(call.scope);
    await freshenList(scoped, kind);
    const view = this.#view(call.scope);
    if (!view) return failureAnswer(call.method, serverGone(call.scope));
    const down = this.#downError(call);
    if (down) return failureAnswer(call.method, down);
    const { era } = call.downstream;
    const stamps = era === 'modern' ? { resultType: 'complete', ...listHint(scoped, kind) } : {};
    const _meta = { [metaKey.serverInfo]: this.#serverInfo(call.scope) };
    return { era, outcome: view.listText(kind, era).with({ ...stamps, _meta }) };
  }

  /** On one server's endpoint a list of a server that never came up is an error, not an empty success. */
  #downError({ scope, downstream }: Call): HubError | undefined {
    if (scope.kind === 'all') return undefined;
    const upstream = this.#options.upstreams.get(scope.id);
    if (!upstream || upstream.listing) return undefined;
    const isOwners = loginOwner(upstream.definition, downstream.principal.id) === HUB_OWNER;
    return upstream.state.kind === 'auth-required' && !isOwners ? ownerMustLogIn(scope.id) : upstream.unavailable();
  }

  async #discover(call: Call): Promise<Answer> {
    const { hub, upstreams } = this.#options;
    if (call.scope.kind === 'all') {
      const known = upstreams.all().flatMap(({ id, listing }) => (listing ? [{ id, identity: listing.identity }] : []));
      return hubResult(discoverAll(hub, known));
    }
    await this.#settled(call);
    const upstream = upstreams.get(call.scope.id);
    if (!upstream) return failureAnswer(call.method, serverGone(call.scope));
    return hubResult(discoverOne(hub, upstream.id, upstream.listing?.identity, call.downstream.era));
  }

  /** Why the server that a name seems to belong to has not even told what it offers: more to the point than that the name is not known. */
  #downOwner(scope: Scope, { name }: JsonObject): HubError | undefined {
    const owner = typeof name === 'string' ? this.#view(scope)?.silentOwner(name) : undefined;
    return owner === undefined ? undefined : this.#options.upstreams.get(owner)?.unavailable();
  }

  /** Waits, at most what is left of `startupWait`, for the servers in scope that start and of which nobody knows what they offer. */
  async #settled({ scope, signal }: Call): Promise<void> {
    const unknown = this.#scoped(scope).filter(({ listing }) => !listing);
    for (const upstream of unknown) upstream.wake();
    await Promise.all(unknown.map((upstream) => upstream.settled(signal)));
  }

  #scoped(scope: Scope): readonly Upstream[] {
    const { upstreams } = this.#options;
    if (scope.kind === 'all') return upstreams.all();
    const only = upstreams.get(scope.id);
    return only ? [only] : [];
  }

  #view(scope: Scope): CatalogView | undefined {
    return scope.kind === 'all' ? this.#offer.catalog.all : this.#offer.catalog.only(scope.id);
  }

  #serverInfo(scope: Scope): JsonObject {
    const { hub, upstreams } = this.#options;
    const own = scope.kind === 'server' ? upstreams.get(scope.id)?.listing?.identity.serverInfo : undefined;
    return isObject(own) ? own : { ...hub };
  }
}

/** Whether waiting for slow servers could not change the route. */
function isCertain({ routes }: Routing): boolean {
  return routes.length === 1;
}

function unknownMethod(method: string): Answer {
  return hubFailure(new HubError('METHOD_NOT_FOUND', `Method not found: ${method}`, { details: { method } }));
}

function serverGone(scope: Scope): HubError {
  const id = scope.kind === 'server' ? scope.id : '';
  return new HubError('SERVER_NOT_FOUND', `No server "${id}" is configured.`, { details: { server: id } });
}

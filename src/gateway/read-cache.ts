import { type Clock, type Disposable, Disposables, HUB_OWNER, numberIn } from '../base/index.ts';
import { type JsonObject } from '../protocol/index.ts';
import { loginOwner, type Upstream } from '../upstream/index.ts';
import type { Answer, Call } from './call.ts';
import { canonical } from './canonical.ts';
import type { Routing } from './route.ts';
import type { Upstreams } from './upstreams.ts';

const MIB = 1024 * 1024;
/** What all entries may hold together, in bytes of JSON; what was used longest ago goes first. */
const MAX_BYTES = 16 * MIB;
/** … and in number. */
const MAX_ENTRIES = 1_000;
/** A larger result is not kept; in bytes of JSON, its key included. */
const MAX_ENTRY_BYTES = MIB;
/** Longest time that a result is kept, whatever its server says; in milliseconds. */
const MAX_TTL_MS = 24 * 60 * 60_000;

export interface ReadCacheOptions {
  readonly upstreams: Upstreams;
  readonly clock: Clock;
}

interface Entry {
  readonly serverId: string;
  readonly uri: string;
  readonly result: JsonObject;
  readonly freshUntilMs: number;
  /** The server's {@link Upstream.resourceEpoch} when it was asked. */
  readonly epoch: string;
  readonly bytes: number;
}

/** What one read is known by. */
interface ReadKey {
  readonly serverId: string;
  readonly uri: string;
  /** Of a result that anybody may have. */
  readonly shared: string;
  /** Of a result that belongs to one principal. */
  readonly own: string;
  readonly epoch: string;
}

/**
 * Results of `resources/read` for as long as their server allows (spec 2026-07-28 server/utilities/caching): from modern
 * servers only, complete ones, with a time, that were not got with input of the client. Known by server and params without
 * `_meta`; `private` ones belong to the principal that asked. Dropped when the resource or the list of resources changes,
 * and with the connection. Reads by a login of one's own are not kept. Reads of which the catalog can only guess the server are not kept, and equal reads in flight
 * are not merged.
 */
export class ReadCache implements Disposable {
  readonly #options: ReadCacheOptions;
  readonly #owned = new Disposables();
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  /** How many updates each server told of: a read that was under way then may bring what was before it. */
  readonly #updates = new Map<string, number>();
  /** How often servers have gone: what comes under the same name later is another one. */
  #departures = 0;

  constructor(options: ReadCacheOptions) {
    this.#options = options;
  }

  start(): void {
    const { upstreams } = this.#options;
    this.#owned.add(upstreams.on('resourceUpdated', ({ id, uri }) => this.#dropUpdated(id, uri)));
    this.#owned.add(upstreams.on('members', ({ removed }) => this.#dropServers(removed)));
  }

  dispose(): void {
    this.#owned.dispose();
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** The answer that is kept for a read, else the one that `forward` brings; that is kept if it may be. */
  async through(call: Call, routing: Routing, forward: () => Promise<Answer>): Promise<Answer> {
    const key = this.#keyOf(call, routing);
    if (!key) return forward();
    const kept = this.#find(key.shared, key) ?? this.#find(key.own, key);
    if (kept) return { era: 'modern', outcome: { result: kept } };
    const updates = this.#updates.get(key.serverId);
    const departures = this.#departures;
    const answer = await forward();
    if (updates === this.#updates.get(key.serverId) && departures === this.#departures) this.#keep(key, answer);
    return answer;
  }

  /** `undefined` for what is never served from here: it may go to several servers, or carries input or headers of the client. */
  #keyOf({ downstream }: Call, { routes }: Routing): ReadKey | undefined {
    const [route] = routes;
    if (!route || routes.length > 1) return undefined;
    const { serverId, params } = route;
    if (params['inputResponses'] !== undefined || params['requestState'] !== undefined) return undefined;
    const upstream = this.#options.upstreams.get(serverId);
    const epoch = upstream?.resourceEpoch;
    if (epoch === undefined || upstream?.listing?.identity.era !== 'modern' || forwardsHeaders(upstream.definition)) return undefined;
    // Another login sees other things, may be one of another account tomorrow, and nobody tells of its changes.
    if (loginOwner(upstream.definition, downstream.principal.id) !== HUB_OWNER) return undefined;
    const { _meta, ...rest } = params;
    const shared = canonical([serverId, rest]);
    return { serverId, uri: String(rest['uri']), shared, own: JSON.stringify([downstream.principal.id, shared]), epoch };
  }

  #find(name: string, { epoch }: ReadKey): JsonObject | undefined {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    const leftMs = entry.freshUntilMs - this.#options.clock.now();
    this.#drop(name, entry);
    if (leftMs <= 0 || entry.epoch !== epoch) return undefined;
    this.#put(name, entry);
    return { ...entry.result, ttlMs: Math.ceil(leftMs) };
  }

  #keep({ serverId, uri, shared, own, epoch }: ReadKey, answer: Answer): void {
    const { result } = answer.outcome;
    const ttlMs = cacheableMs(answer);
    if (!result || ttlMs === 0 || this.#options.upstreams.get(serverId)?.resourceEpoch !== epoch) return;
    const name = result['cacheScope'] === 'public' ? shared : own;
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(JSON.stringify(result));
    if (bytes > MAX_ENTRY_BYTES) return;
    const freshUntilMs = this.#options.clock.now() + ttlMs;
    const older = this.#entries.get(name);
    if (older) this.#drop(name, older);
    this.#put(name, { serverId, uri, result, freshUntilMs, epoch, bytes });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= MAX_BYTES && this.#entries.size <= MAX_ENTRIES) break;
      this.#drop(oldest, entry);
    }
  }

  #put(name: string, entry: Entry): void {
    this.#entries.set(name, entry);
    this.#bytes += entry.bytes;
  }

  #drop(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#bytes -= entry.bytes;
  }

  #dropServers(ids: readonly string[]): void {
    if (ids.length > 0) this.#departures += 1;
    for (const id of ids) this.#updates.delete(id);
    for (const [name, entry] of this.#entries) if (ids.includes(entry.serverId)) this.#drop(name, entry);
  }

  /** An update may name a part of what was read, and what was read may be a part of what it names. */
  #dropUpdated(id: string, uri: string): void {
    this.#updates.set(id, (this.#updates.get(id) ?? 0) + 1);
    for (const [name, entry] of this.#entries) {
      if (entry.serverId === id && (entry.uri.startsWith(uri) || uri.startsWith(entry.uri))) this.#drop(name, entry);
    }
  }
}

/** What such a server answers may depend on headers of the client, which say more than whose call it is. */
function forwardsHeaders(definition: Upstream['definition']): boolean {
  return definition.kind === 'remote' && definition.forwardHeaders !== undefined;
}

/** For how long an answer may be kept, in milliseconds; 0 for one that may not. */
function cacheableMs({ era, outcome: { result }, afterInput }: Answer): number {
  if (era !== 'modern' || !result || afterInput) return 0;
  const { ttlMs, resultType = 'complete' } = result;
  return resultType === 'complete' ? Math.min(Math.max(numberIn(ttlMs) ?? 0, 0), MAX_TTL_MS) : 0;
}

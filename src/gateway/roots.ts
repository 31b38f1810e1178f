import { type Clock, deferred, type Disposable, Disposables, jsonText } from '../base/index.ts';
import { isObject, type JsonObject, type Outcome } from '../protocol/index.ts';
import type { Scope } from './call.ts';
import type { FeedOptions } from './feed.ts';
import type { Upstreams } from './upstreams.ts';

/** How long a client may take to tell its roots, in milliseconds: a server waits for all of them. */
const ANSWER_MS = 5_000;
/** Changes within this time are one, in milliseconds. */
const SETTLE_MS = 200;
/** Most roots of one client; the rest is left out. */
const MAX_ROOTS = 1_000;

export interface RootsOptions {
  readonly upstreams: Upstreams;
  readonly clock: Clock;
}

type RootList = readonly JsonObject[];

/** One client that has roots. */
interface Member {
  readonly scope: Scope;
  readonly sessionId: string;
  readonly ask: (signal: AbortSignal) => Promise<Outcome>;
  /** Its answer, or the wait for it; absent when it must be asked (again). */
  answer: Promise<RootList> | undefined;
}

/** A feed's end of its client's roots. */
export interface RootsMember extends Disposable {
  changed(): void;
  reachable(): void;
}

const NO_MEMBER: RootsMember = { changed: () => {}, reachable: () => {}, dispose: () => {} };

/**
 * The roots that servers are told outside of any call (spec 2025-11-25 client/roots): for the connection that clients share the
 * union of what they have, for a session's own connection that session's. Clients are asked when a server first wants to know,
 * once each, and again only when they say that something changed.
 */
export class Roots implements Disposable {
  readonly #options: RootsOptions;
  readonly #owned = new Disposables();
  readonly #members = new Set<Member>();
  /** What servers that have asked were told last, by server and session. */
  readonly #told = new Map<string, Map<string | undefined, string>>();
  #timer: Disposable | undefined;

  constructor(options: RootsOptions) {
    this.#options = options;
  }

  start(): void {
    const { upstreams } = this.#options;
    for (const { id } of upstreams.all()) this.#serve(id);
    const following = upstreams.on('members', ({ added, removed }) => {
      for (const id of removed) this.#told.delete(id);
      for (const id of added) this.#serve(id);
    });
    this.#owned.add(following);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#timer?.dispose();
    this.#members.clear();
    this.#told.clear();
  }

  attach({ scope, sessionId, askRoots }: FeedOptions): RootsMember {
    if (!askRoots || sessionId === undefined) return NO_MEMBER;
    const member: Member = { scope, sessionId, ask: askRoots, answer: undefined };
    this.#members.add(member);
    return {
      changed: () => this.#changed(member),
      reachable: () => {
        if (!member.answer) this.#recheck();
      },
      dispose: () => {
        if (!this.#members.delete(member)) return;
        for (const told of this.#told.values()) told.delete(sessionId);
        this.#recheck();
      },
    };
  }

  #serve(serverId: string): void {
    this.#options.upstreams.get(serverId)?.setRootsSource((sessionId) => this.#list(serverId, sessionId));
  }

  #changed(member: Member): void {
    member.answer = undefined;
    const { upstreams } = this.#options;
    for (const upstream of upstreams.all().filter(({ id }) => covers(member.scope, id))) {
      const told = this.#told.get(upstream.id);
      // Its own connection is told as the client says it; so is a server that has asked in calls only, of which no union is known.
      told?.delete(member.sessionId);
      upstream.rootsChanged(member.sessionId);
      if (!told?.has(undefined)) upstream.rootsChanged(undefined);
    }
    this.#recheck();
  }

  async #list(serverId: string, sessionId: string | undefined): Promise<RootList> {
    const roots = await this.#union(serverId, sessionId);
    // A server may still ask on a connection of a session that has just ended.
    if (sessionId !== undefined && ![...this.#members].some((member) => member.sessionId === sessionId)) return roots;
    // Removed from the config while its clients were asked.
    if (!this.#options.upstreams.get(serverId)) return roots;
    const told = this.#told.get(serverId) ?? new Map<string | undefined, string>();
    this.#told.set(serverId, told.set(sessionId, jsonText(roots)));
    return roots;
  }

  async #union(serverId: string, sessionId: string | undefined): Promise<RootList> {
    const members = [...this.#members].filter(
      (member) => covers(member.scope, serverId) && (sessionId === undefined || member.sessionId === sessionId),
    );
    const lists = await Promise.all(members.map((member) => this.#rootsOf(member)));
    const byUri = new Map<unknown, JsonObject>();
    for (const root of lists.flat()) if (!byUri.has(root['uri'])) byUri.set(root['uri'], root);
    return [...byUri.values()];
  }

  #rootsOf(member: Member): Promise<RootList> {
    member.answer ??= this.#ask(member);
    return member.answer;
  }

  async #ask(member: Member): Promise<RootList> {
    const tooLate = new AbortController();
    const late = deferred<undefined>();
    const timer = this.#options.clock.after(ANSWER_MS, () => {
      tooLate.abort();
      late.resolve(undefined);
    });
    try {
      const outcome = await Promise.race([member.ask(tooLate.signal), late.promise]);
      // Who could not be asked may be asked later; who was silent has had its chance until it says that something changed.
      if (outcome?.error) member.answer = undefined;
      const roots = outcome?.result?.['roots'];
      return Array.isArray(roots) ? roots.filter(isRoot).slice(0, MAX_ROOTS) : [];
    } finally {
      timer.dispose();
    }
  }

  /** Tells the servers that have asked before, once things have settled and only those for which something changed. */
  #recheck(): void {
    if (this.#told.size === 0) return;
    this.#timer ??= this.#options.clock.after(SETTLE_MS, () => {
      this.#timer = undefined;
      void this.#tell();
    });
  }

  async #tell(): Promise<void> {
    const { upstreams } = this.#options;
    const checks = [...this.#told].flatMap(([serverId, told]) =>
      [...told].map(async ([sessionId, before]) => {
        const now = jsonText(await this.#union(serverId, sessionId));
        if (now === before || told.get(sessionId) !== before) return;
        told.set(sessionId, now);
        upstreams.get(serverId)?.rootsChanged(sessionId);
      }),
    );
    await Promise.all(checks);
  }
}

const covers = (scope: Scope, serverId: string): boolean => scope.kind === 'all' || scope.id === serverId;

function isRoot(value: unknown): value is JsonObject {
  return isObject(value) && typeof value['uri'] === 'string';
}

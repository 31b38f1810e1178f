import { type Disposable, HubError } from '../base/index.ts';
import type { Scope } from '../gateway/index.ts';
import type { Context } from './context.ts';
import { EventBudget } from './event-store.ts';
import { createHttpSession, type HttpSession } from './http-session.ts';
import type { Owner } from './session.ts';

/** How often idle sessions are looked for at least, in milliseconds. */
const SWEEP_EVERY_MS = 60_000;

/** What one principal has of the sessions. */
interface Holding {
  count: number;
  /** The one of them that was unused for longest, if any is not in use. */
  stalest: HttpSession | undefined;
}

/** The sessions of Streamable HTTP, by id. Those nobody uses expire; when there are too many, one of whoever has most goes. */
export class Sessions {
  readonly #context: Context;
  readonly #byId = new Map<string, HttpSession>();
  readonly #budget = new EventBudget();
  #sweep: Disposable | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  get count(): number {
    return this.#byId.size;
  }

  /**
   * A new session. Clients rarely end theirs: where there are too many, the longest unused one of the principal that has most goes,
   * so that nobody can take the places of those who have no more.
   *
   * @throws HubError LIMIT_EXCEEDED when there are too many and none of them can go
   */
  create(owner: Owner): HttpSession {
    const { maxSessions } = this.#context.limits();
    // The limit may be lower than it was.
    while (this.#byId.size >= maxSessions) if (!this.#evict(owner.principal.id)) throw tooMany(maxSessions);
    const entry = createHttpSession(owner, this.#context, this.#budget);
    this.#byId.set(entry.session.id, entry);
    this.#sweep ??= this.#sweepLater();
    return entry;
  }

  /** The session of that id, if it belongs to the one who asks, and to the endpoint that the request came to. */
  get(id: string, { principal, scope }: Owner): HttpSession | undefined {
    const entry = this.#byId.get(id);
    const isOwn = entry?.session.owner.principal.id === principal.id;
    return entry && isOwn && isSameScope(entry.session.scope, scope) ? entry : undefined;
  }

  end(entry: HttpSession): void {
    if (!this.#byId.delete(entry.session.id)) return;
    close(entry);
    if (this.#byId.size === 0) this.#stopSweep();
  }

  /** Ends all of one principal. */
  endOf(principalId: string): void {
    for (const entry of this.#byId.values()) if (entry.session.owner.principal.id === principalId) this.end(entry);
  }

  close(): void {
    for (const entry of this.#byId.values()) close(entry);
    this.#byId.clear();
    this.#stopSweep();
  }

  #evict(newcomer: string): boolean {
    const holdings = holdingsOf(this.#byId.values());
    const own = holdings.get(newcomer)?.count ?? 0;
    const mayLose = [...holdings].filter(([principal, { count }]) => principal === newcomer || count > own);
    const most = mayLose.filter(([, { stalest }]) => stalest).toSorted(([, one], [, other]) => other.count - one.count)[0];
    const stalest = most?.[1].stalest;
    if (stalest) this.end(stalest);
    return stalest !== undefined;
  }

  #sweepLater(): Disposable {
    const { clock, limits } = this.#context;
    return clock.after(Math.min(SWEEP_EVERY_MS, limits().sessionIdleTimeoutMs), () => {
      const staleBefore = clock.now() - limits().sessionIdleTimeoutMs;
      for (const entry of this.#byId.values()) {
        if (entry.session.lastUsedMs <= staleBefore) this.end(entry);
        else entry.streams.sweep();
      }
      this.#sweep = this.#byId.size > 0 ? this.#sweepLater() : undefined;
    });
  }

  #stopSweep(): void {
    this.#sweep?.dispose();
    this.#sweep = undefined;
  }
}

function holdingsOf(entries: Iterable<HttpSession>): ReadonlyMap<string, Holding> {
  const holdings = new Map<string, Holding>();
  for (const entry of entries) {
    const { owner, isBusy, lastUsedMs } = entry.session;
    const holding = holdings.get(owner.principal.id) ?? { count: 0, stalest: undefined };
    holdings.set(owner.principal.id, holding);
    holding.count += 1;
    if (!isBusy && (!holding.stalest || lastUsedMs < holding.stalest.session.lastUsedMs)) holding.stalest = entry;
  }
  return holdings;
}

function tooMany(maxSessions: number): HubError {
  const message =
    `The hub has ${maxSessions} sessions ("maxSessions"), and each of them has an open stream or a call in flight, or is of somebody who has no more than you. ` +
    'Try again later, or raise the setting in the config.';
  return new HubError('LIMIT_EXCEEDED', message, { details: { setting: 'maxSessions', maxSessions } });
}

function close({ session, streams }: HttpSession): void {
  session.close();
  streams.close();
}

function isSameScope(one: Scope, other: Scope): boolean {
  return one.kind === 'all' ? other.kind === 'all' : other.kind === 'server' && one.id === other.id;
}

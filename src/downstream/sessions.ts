import { randomUUID } from 'node:crypto';
import type { Disposable } from '../base/index.ts';
import type { Scope } from '../gateway/index.ts';
import type { Context } from './context.ts';
import { Session } from './session.ts';

/** Most sessions kept at once; clients rarely end theirs. */
const MAX_SESSIONS = 1_000;
/** How often idle sessions are looked for at least, in milliseconds. */
const SWEEP_EVERY_MS = 60_000;

/** The sessions of Streamable HTTP, by id. Those nobody uses expire; when there are too many, the idle-stalest goes. */
export class Sessions {
  readonly #context: Context;
  readonly #byId = new Map<string, Session>();
  #sweep: Disposable | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** A new session, or `undefined` when there are too many and all of them are in use. */
  create(scope: Scope): Session | undefined {
    if (this.#byId.size >= MAX_SESSIONS && !this.#evict()) return undefined;
    const session = new Session(randomUUID(), scope, this.#context);
    this.#byId.set(session.id, session);
    this.#sweep ??= this.#sweepLater();
    return session;
  }

  /** The session of that id, if it belongs to the endpoint that the request came to. */
  get(id: string, scope: Scope): Session | undefined {
    const session = this.#byId.get(id);
    return session && isSameScope(session.scope, scope) ? session : undefined;
  }

  end(session: Session): void {
    if (!this.#byId.delete(session.id)) return;
    session.close();
    if (this.#byId.size === 0) this.#stopSweep();
  }

  close(): void {
    for (const session of this.#byId.values()) session.close();
    this.#byId.clear();
    this.#stopSweep();
  }

  #evict(): boolean {
    let stalest: Session | undefined;
    for (const session of this.#byId.values()) {
      if (!session.isBusy && (!stalest || session.lastUsedMs < stalest.lastUsedMs)) stalest = session;
    }
    if (stalest) this.end(stalest);
    return stalest !== undefined;
  }

  #sweepLater(): Disposable {
    const { clock, limits } = this.#context;
    return clock.after(Math.min(SWEEP_EVERY_MS, limits().sessionIdleTimeoutMs), () => {
      const staleBefore = clock.now() - limits().sessionIdleTimeoutMs;
      for (const session of this.#byId.values()) {
        if (session.lastUsedMs <= staleBefore) this.end(session);
      }
      this.#sweep = this.#byId.size > 0 ? this.#sweepLater() : undefined;
    });
  }

  #stopSweep(): void {
    this.#sweep?.dispose();
    this.#sweep = undefined;
  }
}

function isSameScope(one: Scope, other: Scope): boolean {
  return one.kind === 'all' ? other.kind === 'all' : other.kind === 'server' && one.id === other.id;
}

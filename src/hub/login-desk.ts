import { deferred, type Disposable, Disposables, Emitter, HUB_OWNER, type HubError } from '../base/index.ts';
import type { LoginPages, LoginPlace } from '../gateway/index.ts';
import type { Logins, Pool, UpstreamState } from '../upstream/index.ts';

interface DeskEvents {
  finished: LoginPlace;
  refused: { readonly place: LoginPlace; readonly error: HubError };
}

/** States in which a server that needs a login still does, or has not shown yet what came of it. */
const STILL_WAITING: ReadonlySet<UpstreamState['kind']> = new Set(['auth-required', 'starting', 'stopping']);

/** Whether nobody at all need wait for a login any more. That of the owner, and with it the server, may come and go, also to sleep. */
function isOverForAll(state: UpstreamState): boolean {
  return state.kind === 'disabled' || state.kind === 'failed' || (state.kind === 'stopped' && state.reason === undefined);
}

/** Where calls wait for logins, and hear of their ends. */
export class LoginDesk implements LoginPages {
  readonly #logins: Pick<Logins, 'authorizationUrl' | 'begin'>;
  readonly #pool: Pick<Pool, 'get' | 'on'>;
  readonly #events = new Emitter<DeskEvents>(() => undefined);
  /** By server and principal; asked for with every call. */
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(logins: Pick<Logins, 'authorizationUrl' | 'begin'>, pool: Pick<Pool, 'get' | 'on'>) {
    this.#logins = logins;
    this.#pool = pool;
  }

  async page({ server, principal }: LoginPlace): Promise<string | undefined> {
    const open = this.#logins.authorizationUrl(server, principal);
    // Expected: VALIDATION_ERROR of a server that has no login, CONNECTION_ERROR of one that offers none.
    return open ?? this.#logins.begin(server, principal).catch(() => undefined);
  }

  count({ server, principal }: LoginPlace): number {
    return this.#counts.get(server)?.get(principal) ?? 0;
  }

  async over(place: LoginPlace, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { server, principal } = place;
    const isOver = (state: UpstreamState): boolean => (principal === HUB_OWNER ? !STILL_WAITING.has(state.kind) : isOverForAll(state));
    const isIt = (one: LoginPlace): boolean => one.server === server && one.principal === principal;
    const end = deferred<void>();
    const listening = new Disposables();
    listening.add(this.#events.on('finished', (one) => isIt(one) && end.resolve()));
    listening.add(this.#events.on('refused', (one) => isIt(one.place) && end.reject(one.error)));
    listening.add(this.#pool.on('state', ({ id, state }) => id === server && isOver(state) && end.resolve()));
    listening.add(this.#pool.on('members', () => !this.#pool.get(server) && end.resolve()));
    listening.add(onAbort(signal, () => end.reject(signal.reason)));
    try {
      await end.promise;
    } finally {
      listening.dispose();
    }
  }

  /** Somebody has logged in. The owner's login is that of the server itself, which is started where it is not running; with more rights it may show more. */
  finished(place: LoginPlace): void {
    const { server, principal } = place;
    const counts = this.#counts.get(server) ?? new Map<string, number>();
    this.#counts.set(server, counts.set(principal, this.count(place) + 1));
    const upstream = this.#pool.get(server);
    if (principal === HUB_OWNER) goOn(upstream);
    // It may be another account than before.
    else void upstream?.endLogin(principal);
    this.#events.emit('finished', place);
  }

  /** A login came to nothing. */
  refused(place: LoginPlace, error: HubError): void {
    this.#events.emit('refused', { place, error });
  }

  /** That principal is gone. */
  forget(principal: string): void {
    for (const counts of this.#counts.values()) counts.delete(principal);
  }
}

function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  signal.addEventListener('abort', listener, { once: true });
  return { dispose: () => signal.removeEventListener('abort', listener) };
}

function goOn(upstream: ReturnType<Pool['get']>): void {
  // Expected: one that goes down meanwhile; it says anew what it offers when it is back.
  if (upstream?.state.kind === 'ready') upstream.refresh().catch(() => undefined);
  upstream?.start();
}

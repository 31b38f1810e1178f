import { deferred, type Disposable, Disposables, Emitter, type HubError } from '../base/index.ts';
import type { LoginPages } from '../gateway/index.ts';
import type { Logins, Pool, UpstreamState } from '../upstream/index.ts';

interface DeskEvents {
  finished: string;
  refused: { readonly server: string; readonly error: HubError };
}

/** States in which a server that needs a login still does, or has not shown yet what came of it. */
const STILL_WAITING: ReadonlySet<UpstreamState['kind']> = new Set(['auth-required', 'starting', 'stopping']);

/** Where calls wait for logins, and hear of their ends. */
export class LoginDesk implements LoginPages {
  readonly #logins: Pick<Logins, 'authorizationUrl' | 'begin'>;
  readonly #pool: Pick<Pool, 'get' | 'on'>;
  readonly #events = new Emitter<DeskEvents>(() => undefined);
  readonly #counts = new Map<string, number>();

  constructor(logins: Pick<Logins, 'authorizationUrl' | 'begin'>, pool: Pick<Pool, 'get' | 'on'>) {
    this.#logins = logins;
    this.#pool = pool;
  }

  async page(server: string): Promise<string | undefined> {
    const open = this.#logins.authorizationUrl(server);
    // Expected: VALIDATION_ERROR of a server that has no login, CONNECTION_ERROR of one that offers none.
    return open ?? this.#logins.begin(server).catch(() => undefined);
  }

  count(server: string): number {
    return this.#counts.get(server) ?? 0;
  }

  async over(server: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const end = deferred<void>();
    const listening = new Disposables();
    listening.add(this.#events.on('finished', (name) => name === server && end.resolve()));
    listening.add(this.#events.on('refused', (one) => one.server === server && end.reject(one.error)));
    listening.add(this.#pool.on('state', ({ id, state }) => id === server && !STILL_WAITING.has(state.kind) && end.resolve()));
    listening.add(this.#pool.on('members', () => !this.#pool.get(server) && end.resolve()));
    listening.add(onAbort(signal, () => end.reject(signal.reason)));
    try {
      await end.promise;
    } finally {
      listening.dispose();
    }
  }

  /** Somebody has logged in at that server, which is started where it is not running. With more rights it may show more. */
  finished(server: string): void {
    this.#counts.set(server, this.count(server) + 1);
    const upstream = this.#pool.get(server);
    // Expected: one that goes down meanwhile; it says anew what it offers when it is back.
    if (upstream?.state.kind === 'ready') upstream.refresh().catch(() => undefined);
    upstream?.start();
    this.#events.emit('finished', server);
  }

  /** The login at that server came to nothing. */
  refused(server: string, error: HubError): void {
    this.#events.emit('refused', { server, error });
  }
}

function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  signal.addEventListener('abort', listener, { once: true });
  return { dispose: () => signal.removeEventListener('abort', listener) };
}

import { type Clock, type Disposable, HubError, type Logger, messageOf, waitAtMost } from '../../base/index.ts';
import type { Logins, Pool } from '../../upstream/index.ts';
import type { HubKeys } from './hub-keys.ts';

/** How soon the logins of a key end when the key does, in milliseconds. */
const LOOK_EVERY_MS = 1_000;
/** How long a hub that stops waits for authorization servers to take tokens back, in milliseconds; the next start goes on with it. */
const LAST_WORDS_WITHIN_MS = 1_000;

export interface KeyedLoginsOptions {
  readonly keys: Pick<HubKeys, 'isGone'>;
  readonly logins: Pick<Logins, 'principals' | 'forget'>;
  readonly pool: Pick<Pool, 'all'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Forgets what else is kept of a principal. */
  readonly forget: (principal: string) => void;
}

/**
 * Ends the logins of an API key with the key, whoever revokes it: connections with its tokens are closed, the tokens are taken back
 * at their authorization servers and deleted. A hub that has no such logins looks at nothing.
 */
export class KeyedLogins implements Disposable {
  readonly #options: KeyedLoginsOptions;
  readonly #watched = new Set<string>();
  readonly #forgetting = new Set<Promise<void>>();
  #timer: Disposable | undefined;
  #isOver = false;

  constructor(options: KeyedLoginsOptions) {
    this.#options = options;
  }

  /** Watches the keys of all logins that are kept; some may have been revoked while no hub ran. */
  start(): void {
    void this.#begin();
  }

  /** The login of that principal is in use. */
  met(principal: string): void {
    if (this.#isOver) return;
    this.#watched.add(principal);
    this.#timer ??= this.#lookLater();
  }

  dispose(): void {
    this.#isOver = true;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  /** Waits a moment for what is being forgotten. Never rejects. */
  async close(): Promise<void> {
    this.dispose();
    const { clock } = this.#options;
    if (this.#forgetting.size > 0) await waitAtMost(Promise.all(this.#forgetting), { clock, atMostMs: LAST_WORDS_WITHIN_MS });
  }

  async #begin(): Promise<void> {
    const { logins, logger } = this.#options;
    try {
      for (const principal of await logins.principals()) if (principal.startsWith('key:')) this.met(principal);
    } catch (error) {
      // Whoever needs a login hears of it too; until then nobody has one.
      logger.debug(`The logins that are kept could not be looked at: ${messageOf(error)}`);
    }
  }

  #lookLater(): Disposable {
    return this.#options.clock.after(LOOK_EVERY_MS, () => {
      this.#timer = undefined;
      for (const principal of this.#watched) if (this.#options.keys.isGone(principal)) this.#forget(principal);
      if (this.#watched.size > 0) this.#timer = this.#lookLater();
    });
  }

  #forget(principal: string): void {
    this.#watched.delete(principal);
    const work = this.#forgetNow(principal).finally(() => this.#forgetting.delete(work));
    this.#forgetting.add(work);
  }

  async #forgetNow(principal: string): Promise<void> {
    const { pool, logins, forget, logger } = this.#options;
    const reason = new HubError('UNAUTHENTICATED', 'The API key that this was done for was revoked, or is over.');
    await Promise.all(pool.all().map((upstream) => upstream.endLogin(principal, reason)));
    await logins.forget(principal);
    forget(principal);
    logger.info('The logins of an API key that is no more were forgotten', { principal });
  }
}

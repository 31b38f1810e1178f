import { hasScreen, type Logger, messageOf, openPage, toHubError } from '../base/index.ts';
import type { Logins as LoginRoutes } from '../http/index.ts';
import type { Logins, Pool } from '../upstream/index.ts';
import type { LoginDesk } from './login-desk.ts';

/** How long to wait for what a server says to the hub that has logged out, in milliseconds. */
const SETTLE_WITHIN_MS = 10_000;

export interface LoginControlOptions {
  readonly logins: Logins;
  readonly desk: LoginDesk;
  readonly pool: Pick<Pool, 'get'>;
  readonly logger: Logger;
  readonly env: NodeJS.ProcessEnv;
}

/** Logins at remote servers, as the management API has them. */
export class LoginControl implements LoginRoutes {
  readonly #options: LoginControlOptions;

  constructor(options: LoginControlOptions) {
    this.#options = options;
  }

  async authorize(name: string, { openBrowser }: { readonly openBrowser: boolean }): Promise<{ readonly authorizationUrl: string }> {
    const authorizationUrl = await this.#options.logins.begin(name);
    if (openBrowser) await this.#show(authorizationUrl);
    return { authorizationUrl };
  }

  async logOut(name: string): Promise<{ readonly revoked: boolean }> {
    const { logins, pool } = this.#options;
    const revoked = await logins.logOut(name);
    const upstream = pool.get(name);
    // What runs goes on with nothing that it was let in with before.
    if (upstream && upstream.state.kind !== 'stopped' && upstream.state.kind !== 'disabled') {
      await upstream.stop();
      upstream.start();
      await upstream.settled(AbortSignal.timeout(SETTLE_WITHIN_MS));
    }
    return { revoked };
  }

  async finish(params: URLSearchParams): Promise<{ readonly server: string; readonly message: string }> {
    const { logins, desk } = this.#options;
    try {
      const server = await logins.finish(params);
      desk.finished(server);
      return { server, message: `Logged in at "${server}".` };
    } catch (thrown) {
      const error = toHubError(thrown);
      const { server } = error.details;
      // Of a callback that belongs to no login nobody hears.
      if (typeof server === 'string') desk.refused(server, error);
      throw error;
    }
  }

  /** Opens the page in a browser, where the hub has a screen; whoever asked for the login has its address as well. */
  async #show(url: string): Promise<void> {
    const { env, logger } = this.#options;
    if (!hasScreen(env, process.platform)) return;
    try {
      await openPage(url, (error) => logger.debug('No browser could be opened', { reason: error.message }));
    } catch (error) {
      logger.debug('No browser could be opened', { reason: messageOf(error) });
    }
  }
}

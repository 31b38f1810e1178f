import { type Logger, messageOf } from '../base/index.ts';
import type { Logins as LoginRoutes } from '../http/index.ts';
import type { Logins, Pool } from '../upstream/index.ts';

export interface LoginControlOptions {
  readonly logins: Logins;
  readonly pool: Pool;
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

  async finish(params: URLSearchParams): Promise<{ readonly server: string; readonly message: string }> {
    const { logins, pool } = this.#options;
    const server = await logins.finish(params);
    pool.get(server)?.start();
    return { server, message: `Logged in at "${server}".` };
  }

  /** Opens the page in a browser, where the hub has a screen; whoever asked for the login has its address as well. */
  async #show(url: string): Promise<void> {
    const { env, logger } = this.#options;
    const hasScreen = process.platform !== 'linux' || ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => env[name]);
    if (!hasScreen) return;
    try {
      const { default: open } = await import('open');
      const browser = await open(url);
      browser.on('error', (error) => logger.debug('No browser could be opened', { reason: error.message }));
    } catch (error) {
      logger.debug('No browser could be opened', { reason: messageOf(error) });
    }
  }
}

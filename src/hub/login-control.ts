import { hasScreen, HUB_OWNER, HubError, type Logger, messageOf, openPage, toHubError } from '../base/index.ts';
import type { Logins as LoginRoutes, ServerObject } from '../http/index.ts';
import { hasLoginsOfEach, loginOwner, type Logins, type Pool, type Upstream } from '../upstream/index.ts';
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

  hasOwn(name: string, principal: string): boolean {
    return this.#ownerOf(name, principal) !== HUB_OWNER;
  }

  async seenBy(principal: string, server: ServerObject): Promise<ServerObject> {
    const { logins, pool } = this.#options;
    const upstream = pool.get(server.name);
    if (!upstream || !hasLoginsOfEach(upstream.definition)) return server;
    const authorizationUrl = logins.authorizationUrl(server.name, principal) ?? null;
    // Expected: CONFIG_ERROR. Whoever needs the login hears that its file cannot be used.
    const isLoggedIn = await logins.isLoggedIn(server.name, principal).catch(() => false);
    const seen = { ...server, authorizationUrl, loggedIn: isLoggedIn };
    return principal === HUB_OWNER ? seen : { ...seen, ...(await this.#standing(upstream, isLoggedIn)) };
  }

  async authorize(
    name: string,
    { principal, openBrowser }: { readonly principal: string; readonly openBrowser: boolean },
  ): Promise<{ readonly authorizationUrl: string }> {
    const owner = this.#ownerOf(name, principal);
    const authorizationUrl = await this.#options.logins.begin(name, owner);
    // The screen is that of the hub's owner.
    if (openBrowser && owner === HUB_OWNER) await this.#show(authorizationUrl);
    return { authorizationUrl };
  }

  async logOut(name: string, principal: string): Promise<{ readonly revoked: boolean }> {
    const { logins, pool } = this.#options;
    const owner = this.#ownerOf(name, principal);
    const revoked = await logins.logOut(name, owner);
    const upstream = pool.get(name);
    // What runs goes on with nothing that it was let in with before.
    if (owner !== HUB_OWNER) {
      await upstream?.endLogin(
        owner,
        new HubError('UNAUTHORIZED', `The login at server "${name}" was forgotten.`, { details: { server: name } }),
      );
    } else if (upstream && upstream.state.kind !== 'stopped' && upstream.state.kind !== 'disabled') {
      await upstream.stop();
      upstream.start();
      await upstream.settled(AbortSignal.timeout(SETTLE_WITHIN_MS));
    }
    return { revoked };
  }

  async finish(params: URLSearchParams): Promise<{ readonly server: string; readonly message: string }> {
    const { logins, desk } = this.#options;
    // Of a callback that belongs to no login nobody hears.
    const place = logins.waiting(params.get('state'));
    try {
      const server = await logins.finish(params);
      if (place) desk.finished(place);
      return { server, message: `Logged in at "${server}".` };
    } catch (thrown) {
      const error = toHubError(thrown);
      if (place) desk.refused(place, error);
      throw error;
    }
  }

  /** Whose login a principal goes by. */
  #ownerOf(name: string, principal: string): string {
    const definition = this.#options.pool.get(name)?.definition;
    return definition ? loginOwner(definition, principal) : HUB_OWNER;
  }

  /** How a server stands for somebody with a login of their own: whether the owner is logged in there is no concern of theirs. */
  async #standing({ id, state }: Upstream, isLoggedIn: boolean): Promise<Partial<ServerObject>> {
    if (state.kind !== 'ready' && state.kind !== 'auth-required') return {};
    // One that lets its owner in without a login asks nobody for one.
    const isOpen = state.kind === 'ready' && !(await this.#options.logins.isLoggedIn(id, HUB_OWNER).catch(() => true));
    if (isLoggedIn || isOpen) return { status: 'connected', error: null };
    return { status: 'unauthorized', error: `Server "${id}" needs a login of your own.` };
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

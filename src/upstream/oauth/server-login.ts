import { HubError, isHubError, messageOf, toHubError } from '../../base/index.ts';
import { notRun } from '../not-run.ts';
import { type Challenge, challengeOf, stepUpOf } from './challenge.ts';
import { beginFlow, endFlow, type Pending } from './code-flow.ts';
import { ExchangeTurns } from './exchanges.ts';
import { alreadyLoggedIn, type LoginContext, noneCanBegin } from './login-context.ts';
import { loginFetch } from './login-fetch.ts';
import { type LoginSettings, loginSecrets } from './login-settings.ts';
import { LoginMemory } from './login-memory.ts';
import type { RemoteLogin } from './remote-login.ts';
import { ownLogin, renewLogin } from './renewal.ts';
import { revokeLogin } from './revocation.ts';
import { OUTAGE_MS, PENDING_FOR_MS, type ServerLoginOptions } from './server-login-options.ts';

/** Why there has to be another token: the server refuses this one, or none; or it will soon. */
interface Need {
  readonly bearer?: string | undefined;
}
const EXPIRING: Need = {};

/**
 * The OAuth login of one person at one server (spec 2025-11-25 and 2026-07-28 basic/authorization): its tokens, how they are renewed, and
 * the one login at a time that waits for its person.
 */
export class ServerLogin implements RemoteLogin {
  readonly settings: LoginSettings;
  readonly #options: ServerLoginOptions;
  readonly #memory: LoginMemory;
  readonly #context: LoginContext;
  readonly #turns: ExchangeTurns;
  #pending: Pending | undefined;
  /** What the last callback brought, to be kept out of messages. */
  #code: string | undefined;
  #challenge: Challenge = {};
  /** Scopes for which a person has logged in because of a 403: once each, or a server that is never content would ask for ever. */
  readonly #steppedUpTo = new Set<string>();
  /** A person has to log in: the tokens are refused, or do not allow enough. */
  #needsPerson = false;
  #obtaining: Promise<boolean> | undefined;
  #outage: { readonly error: HubError; readonly untilMs: number } | undefined;

  constructor(options: ServerLoginOptions) {
    const { principal, server, url, settings, store, clock, logger, fetch, exchanges } = options;
    this.settings = settings;
    this.#options = options;
    this.#memory = new LoginMemory({ key: { principal, server, url }, store, clock, logger });
    const redact = (text: string): string => this.redact(text);
    // The address may hold a key of its own, and is named in messages by its place alone.
    const label = URL.canParse(url) ? new URL(url).origin : server;
    const peer = { id: server, label, redact, fetch };
    const way: typeof globalThis.fetch = (input, init) => loginFetch(peer, url, options.roads?.())(input, init);
    this.#turns = new ExchangeTurns(server, exchanges);
    this.#context = { server, url, settings, fetch: way, now: () => clock.now(), redact, spend: () => this.#turns.spend() };
  }

  get server(): string {
    return this.#options.server;
  }

  /** The address of the server that this is the login at. */
  get serverUrl(): string {
    return this.#options.url;
  }

  /** Whose login it is. */
  get principal(): string {
    return this.#options.principal;
  }

  /** The page on which a person logs in, while one is open. */
  get authorizationUrl(): string | undefined {
    return this.#pending && this.#options.clock.now() - this.#pending.sinceMs < PENDING_FOR_MS ? this.#pending.url : undefined;
  }

  /** Whether there are tokens of which nothing is known but that they are good. @throws HubError CONFIG_ERROR */
  async isLoggedIn(): Promise<boolean> {
    await this.#memory.load();
    return this.#memory.bearer !== undefined && (!this.#needsPerson || this.#pending?.added !== undefined);
  }

  isPending(state: string): boolean {
    return this.authorizationUrl !== undefined && this.#pending?.state === state;
  }

  authorization(): string | undefined | Promise<string | undefined> {
    return this.#memory.isLoaded && !this.#memory.isExpiring ? this.#memory.bearer : this.#renewedAhead();
  }

  async #renewedAhead(): Promise<string | undefined> {
    try {
      await this.#memory.load();
      if (this.#memory.isExpiring && (this.#isOwn || this.#memory.isRenewable) && !this.#outageNow) await this.#obtain(EXPIRING);
    } catch (error) {
      // The token may be good for a while yet; if not, the server says so.
      this.#note('The login could not be renewed', error);
    }
    return this.#memory.bearer;
  }

  async renew(challenge: string | undefined, refused: string | undefined): Promise<boolean> {
    try {
      // Another request may have renewed it meanwhile, or another hub.
      if (this.#memory.bearer === refused) await this.#memory.lookForNewer();
      if (this.#memory.bearer !== undefined && this.#memory.bearer !== refused) return true;
      if (this.#outageNow) throw this.#outageNow;
      const said = await challengeOf(challenge);
      this.#challenge = { ...said, metadataUrl: said.metadataUrl ?? this.#memory.current?.metadataUrl };
      return await this.#obtain({ bearer: refused });
    } catch (error) {
      this.#note('No login could be had', error);
      // The request was refused for want of a login, so it did not run.
      throw notRun(toHubError(error, 'CONNECTION_ERROR'));
    }
  }

  async stepUp(challenge: string | undefined): Promise<void> {
    const { server } = this.#options;
    const wanted = await stepUpOf(challenge, this.#memory.granted);
    // Without a person nobody can allow more than the authorization server did.
    if (!wanted || this.#isOwn) return;
    const { scope, added, metadataUrl = this.#challenge.metadataUrl ?? this.#memory.current?.metadataUrl } = wanted;
    this.#challenge = { added, metadataUrl };
    this.#needsPerson = true;
    if (this.#steppedUpTo.has(added)) return;
    try {
      await this.#turns.take(() => this.#openPage());
    } catch (cause) {
      return this.#note('No login with more rights could be begun', cause);
    }
    const message = `Server "${server}" allows this only after another login, with more rights: ${scope}. Log in at its authorizationUrl (see GET /api/servers), and call again.`;
    throw new HubError('UNAUTHORIZED', message, { details: { server, status: 403, scope } });
  }

  /**
   * Begins a login, or goes on with the one that waits.
   *
   * @throws HubError VALIDATION_ERROR when the server is logged in already, CONNECTION_ERROR when it offers no login
   */
  async begin(): Promise<string> {
    const { server } = this.#options;
    if (this.authorizationUrl !== undefined) return this.authorizationUrl;
    await this.#memory.load();
    if (this.#memory.bearer !== undefined && !this.#needsPerson) throw alreadyLoggedIn(server);
    let isDone = false;
    try {
      isDone = await this.#turns.take(() => (this.#isOwn ? this.#logInAlone() : this.#openPage()));
    } catch (error) {
      throw noneCanBegin(server, this.redact(messageOf(error)), error);
    }
    if (this.authorizationUrl !== undefined) return this.authorizationUrl;
    throw isDone ? alreadyLoggedIn(server) : noneCanBegin(server, 'it names no authorization server, nor is one at its own address.');
  }

  /**
   * Ends the login that waits with the parameters of its callback.
   *
   * @throws HubError UNAUTHORIZED, VALIDATION_ERROR
   */
  async finish(params: URLSearchParams): Promise<void> {
    const pending = this.#pending;
    if (!pending) return;
    this.#code = params.get('code') ?? undefined;
    // A code is good for one use, so this page is; one that was refused may be gone back to.
    if (this.#code !== undefined && !params.has('error')) this.#pending = undefined;
    await this.#turns.take(async () => {
      await this.#memory.take({ ...pending, tokens: await this.#exchange(pending, params), client: pending.client.information });
      if (pending.added !== undefined) this.#steppedUpTo.add(pending.added);
      this.#pending = undefined;
      this.#settled();
    });
  }

  /** Ends the login that waits, without one. */
  drop(): void {
    this.#pending = undefined;
  }

  /** Forgets the tokens. @returns whether the authorization server has taken them back */
  async logOut(): Promise<boolean> {
    await this.#memory.load();
    return this.#turns.take(async () => {
      const revoking = revokeLogin(this.#context, this.#memory.current);
      const isRevoked = await revoking.catch((error: unknown) => (this.#note('The tokens could not be taken back', error), false));
      this.drop();
      await this.#memory.logOut();
      return isRevoked;
    });
  }

  /** Forgets all of it, because its person is gone: the tokens, which are taken back where that can be, and the client that it registered. */
  async forget(): Promise<void> {
    await this.logOut();
    await this.#turns.take(() => this.#memory.forget());
  }

  /** `text` without the secrets of this login, also without those that it had before. */
  redact(text: string): string {
    return this.#memory.redact(text, ...loginSecrets(this.#options.settings), this.#pending?.verifier, this.#code);
  }

  /** The hub logs in by itself. */
  get #isOwn(): boolean {
    return this.#options.settings.grantType === 'client_credentials';
  }

  get #outageNow(): HubError | undefined {
    return this.#outage && this.#options.clock.now() < this.#outage.untilMs ? this.#outage.error : undefined;
  }

  /** There is a token that does. A page on which a person allows more than it does stays open. */
  #settled(): void {
    this.#outage = undefined;
    if (this.authorizationUrl !== undefined && this.#pending?.added !== undefined) return;
    this.#pending = undefined;
    this.#needsPerson = false;
    this.#challenge = { metadataUrl: this.#challenge.metadataUrl };
  }

  /**
   * Gets a token in the place of the one that is refused or about to expire, or a page where a person does. Whoever comes meanwhile
   * gets the same.
   *
   * @returns whether there is another token
   */
  #obtain(need: Need): Promise<boolean> {
    this.#obtaining ??= this.#turns
      .take(() => this.#obtainNow(need))
      .catch((error: unknown) => {
        if (isHubError(error, 'CONNECTION_ERROR')) this.#outage = { error, untilMs: this.#options.clock.now() + OUTAGE_MS };
        throw error;
      })
      .finally(() => (this.#obtaining = undefined));
    return this.#obtaining;
  }

  async #obtainNow(need: Need): Promise<boolean> {
    const { bearer, isExpiring } = this.#memory;
    const isMet = need === EXPIRING ? !isExpiring : bearer !== undefined && bearer !== need.bearer;
    if (isMet) return true;
    if (this.#isOwn) return this.#logInAlone();
    const trade = () => renewLogin(this.#context, this.#challenge, this.#memory.current, need !== EXPIRING);
    if ((await this.#memory.renew(need.bearer, trade)) === 'renewed') {
      this.#settled();
      return true;
    }
    this.#needsPerson = true;
    return this.#openPage();
  }

  async #logInAlone(): Promise<boolean> {
    const { settings } = this.#options;
    const own = await ownLogin(this.#context, this.#challenge, this.#memory.issuer);
    await this.#memory.take({ ...own, metadataUrl: this.#challenge.metadataUrl, client: { client_id: settings.clientId ?? '' } });
    this.#settled();
    return true;
  }

  /** @returns false: a page is no token */
  async #openPage(): Promise<boolean> {
    // A person is at that page: another one would make it worthless.
    if (this.authorizationUrl !== undefined) return false;
    const { redirectUrl, awaitCallback } = this.#options;
    const pending = await beginFlow(this.#context, this.#challenge, this.#memory, redirectUrl);
    if (pending) await awaitCallback(pending.redirectUrl, pending.state, PENDING_FOR_MS);
    this.#pending = pending;
    return false;
  }

  async #exchange(pending: Pending, params: URLSearchParams) {
    const { server } = this.#options;
    try {
      return await endFlow(this.#context, pending, params);
    } catch (error) {
      if (isHubError(error) && error.code !== 'CONNECTION_ERROR') throw error;
      if (error instanceof Error && 'code' in error && error.code === 'invalid_client')
        await this.#memory.forgetClient(pending.server.issuer);
      const message = `The login at server "${server}" failed: ${this.redact(messageOf(error))} Begin it anew.`;
      throw new HubError('UNAUTHORIZED', message, { cause: error, details: { server } });
    }
  }

  #note(what: string, error: unknown): void {
    const { logger, server } = this.#options;
    logger.debug(`${what} at server "${server}"`, { server, reason: this.redact(messageOf(error)) });
  }
}

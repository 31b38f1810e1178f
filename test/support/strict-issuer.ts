import type { IncomingMessage, ServerResponse } from 'node:http';
import { Provider } from 'oidc-provider';
import { type HttpFixture, listen } from '../fixtures/http/listen.ts';
import { pass } from './protected-server.ts';

/** What came of one request at the token endpoint. */
export interface Grant {
  /** `authorization_code`, `refresh_token`; empty for one that was not understood. */
  readonly type: string;
  readonly isGranted: boolean;
}

export interface StrictIssuerOptions {
  /** How long access tokens live, in seconds. */
  readonly accessTokenTtl?: number;
}

/**
 * A real authorization server that is strict: PKCE, exact callback addresses, access tokens for one resource each that live for
 * seconds, refresh tokens that are good for one use and end the login when they are used twice, revocation.
 */
export class StrictIssuer {
  readonly #fixture: HttpFixture;
  readonly #provider: Provider;
  readonly #grants: Grant[] = [];
  /** By grant: whose login it is. */
  readonly #grantIds = new Map<string, string>();
  readonly #refreshes = new Map<string, number>();
  readonly #revoked: string[] = [];
  #fault: 'none' | 'cut' | number = 'none';
  #requests = 0;

  private constructor(fixture: HttpFixture, provider: Provider) {
    this.#fixture = fixture;
    this.#provider = provider;
  }

  static async start({ accessTokenTtl = 3_600 }: StrictIssuerOptions = {}): Promise<StrictIssuer> {
    const late: { handle?: (req: IncomingMessage, res: ServerResponse) => void } = {};
    const fixture = await listen((req, res) => late.handle?.(req, res), '');
    const provider = new Provider(fixture.url, {
      features: {
        registration: { enabled: true },
        revocation: { enabled: true },
        devInteractions: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_ctx, resource) => ({
            scope: 'mcp',
            audience: resource,
            accessTokenTTL: accessTokenTtl,
            accessTokenFormat: 'opaque',
          }),
          useGrantedResource: () => true,
        },
      },
      scopes: ['openid', 'offline_access', 'mcp'],
      issueRefreshToken: () => Promise.resolve(true),
      rotateRefreshToken: true,
      pkce: { required: () => true },
      findAccount: (_, id) => ({ accountId: id, claims: () => Promise.resolve({ sub: id }) }),
    });
    const issuer = new StrictIssuer(fixture, provider);
    const handle = provider.callback();
    late.handle = (req, res) => issuer.#serve(req, res, handle);
    issuer.#count();
    return issuer;
  }

  get url(): string {
    return this.#fixture.url;
  }

  /** What came of the requests at the token endpoint, oldest first. */
  get grants(): readonly Grant[] {
    return this.#grants;
  }

  get refreshes(): number {
    return this.#grants.filter(({ type }) => type === 'refresh_token').length;
  }

  /** How often the login of one account was renewed. */
  refreshesOf(account: string): number {
    return this.#refreshes.get(account) ?? 0;
  }

  /** The tokens that were revoked at its revocation endpoint. */
  get revoked(): readonly string[] {
    return this.#revoked;
  }

  /** Requests of any kind so far. */
  get requests(): number {
    return this.#requests;
  }

  /** From now on it cuts every connection, answers every request with this status, or is well. */
  fail(fault: 'none' | 'cut' | number): void {
    this.#fault = fault;
  }

  /** Takes all logins back, as a person does on the pages of an account. */
  async revokeAll(): Promise<void> {
    await this.#revoke(() => true);
  }

  /** Takes the logins of one account back. */
  async revokeOf(account: string): Promise<void> {
    await this.#revoke((owner) => owner === account);
  }

  /** Whose access token it is, if it is good at this resource. */
  async subjectOf(token: string, resource: string): Promise<string | undefined> {
    const found = await this.#provider.AccessToken.find(token);
    return found !== undefined && !found.isExpired && [found.aud].flat().includes(resource) ? found.accountId : undefined;
  }

  async #revoke(isMeant: (account: string) => boolean): Promise<void> {
    const { AccessToken, RefreshToken } = this.#provider;
    for (const [id, account] of this.#grantIds) {
      if (!isMeant(account)) continue;
      await Promise.all([AccessToken.revokeByGrantId(id), RefreshToken.revokeByGrantId(id)]);
      this.#grantIds.delete(id);
    }
  }

  close(): Promise<void> {
    return this.#fixture.close();
  }

  #serve(req: IncomingMessage, res: ServerResponse, handle: (req: IncomingMessage, res: ServerResponse) => void): void {
    this.#requests += 1;
    if (this.#fault === 'cut') return void req.socket.destroy();
    if (this.#fault !== 'none') return void res.writeHead(this.#fault, { 'content-type': 'text/html' }).end('<h1>later</h1>');
    handle(req, res);
  }

  #count(): void {
    this.#provider.on('grant.success', ({ oidc }) => {
      const type = String(oidc.params?.['grant_type'] ?? '');
      this.#grants.push({ type, isGranted: true });
      const { grantId, accountId = '' } = oidc.entities.AccessToken ?? oidc.entities.RefreshToken ?? {};
      if (grantId !== undefined) this.#grantIds.set(grantId, accountId);
      if (type === 'refresh_token') this.#refreshes.set(accountId, this.refreshesOf(accountId) + 1);
    });
    this.#provider.on('grant.error', ({ oidc }) => {
      this.#grants.push({ type: String(oidc.params?.['grant_type'] ?? ''), isGranted: false });
    });
    this.#provider.on('refresh_token.destroyed', ({ jti }) => this.#revoked.push(jti));
    this.#provider.on('access_token.destroyed', ({ jti }) => this.#revoked.push(jti));
  }
}

/** An MCP server that takes only what its authorization server has given out. */
export interface Guarded {
  readonly url: string;
  /** Tokens that are good by themselves and not taken any more. */
  rejectCurrent(): void;
  /** Requests that were let in, and that were not. */
  readonly counts: { readonly passed: number; readonly refused: number };
  close(): Promise<void>;
}

/** @param mcp the server behind it */
export async function guard(issuer: StrictIssuer, mcp: HttpFixture): Promise<Guarded> {
  const counts = { passed: 0, refused: 0 };
  const rejected = new Set<string>();
  const seen = new Set<string>();
  const gate = await listen((req, res) => {
    if (req.url?.startsWith('/.well-known/oauth-protected-resource')) {
      const metadata = { resource: gate.url, authorization_servers: [issuer.url], scopes_supported: ['mcp'] };
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
    }
    const token = (req.headers.authorization ?? '').replace('Bearer ', '');
    return void (async () => {
      const subject = token === '' || rejected.has(token) ? undefined : await issuer.subjectOf(token, gate.url);
      if (subject !== undefined) {
        seen.add(token);
        counts.passed += 1;
        req.headers['x-subject'] = subject;
        return pass(req, res, mcp.url);
      }
      counts.refused += 1;
      const metadata = `${new URL(gate.url).origin}/.well-known/oauth-protected-resource/mcp`;
      req.resume();
      const invalid = token === '' ? '' : 'error="invalid_token", ';
      return res.writeHead(401, { 'www-authenticate': `Bearer ${invalid}resource_metadata="${metadata}"` }).end();
    })();
  });
  return {
    url: gate.url,
    counts,
    rejectCurrent: () => seen.forEach((token) => rejected.add(token)),
    close: () => gate.close(),
  };
}

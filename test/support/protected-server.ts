import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { Provider } from 'oidc-provider';
import { type HttpFixture, listen } from '../fixtures/http/listen.ts';
import { startLegacyHttp } from '../fixtures/http/legacy-http.ts';

/** A remote MCP server behind a real authorization server. */
export interface ProtectedServer {
  /** Of the MCP server. */
  readonly url: string;
  /** The `Authorization` headers that came with requests, newest last. */
  readonly authorizations: readonly string[];
  /** From now on no access token is valid any more; refresh tokens are. */
  expireTokens(): void;
  close(): Promise<void>;
}

export async function startProtectedServer(): Promise<ProtectedServer> {
  const mcp = await startLegacyHttp();
  const authorizations: string[] = [];
  const rejected = new Set<string>();
  let resource = '';
  let issuer: HttpFixture | undefined;
  const gate = await listen((req, res) => {
    const { origin } = new URL(resource);
    if (req.url?.startsWith('/.well-known/oauth-protected-resource')) {
      return sendJson(res, { resource, authorization_servers: [issuerUrl(issuer)], scopes_supported: ['mcp'] });
    }
    const header = req.headers.authorization ?? '';
    authorizations.push(header);
    void provider.AccessToken.find(header.replace('Bearer ', '')).then((token) => {
      if (token && !rejected.has(header)) return pass(req, res, mcp.url);
      const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
      req.resume();
      return res.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` }).end();
    });
  });
  resource = gate.url;
  const handlers: { handle?: (req: IncomingMessage, res: ServerResponse) => void } = {};
  issuer = await listen((req, res) => handlers.handle?.(req, res), '');
  const provider = new Provider(issuer.url, {
    features: {
      registration: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({ scope: 'mcp', audience: resource, accessTokenTTL: 3_600, accessTokenFormat: 'opaque' }),
        useGrantedResource: () => true,
      },
    },
    scopes: ['openid', 'offline_access', 'mcp'],
    issueRefreshToken: () => Promise.resolve(true),
    rotateRefreshToken: true,
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => Promise.resolve({ sub: id }) }),
  });
  handlers.handle = provider.callback();
  return {
    url: resource,
    authorizations,
    expireTokens: () => authorizations.forEach((header) => rejected.add(header)),
    close: async () => {
      await Promise.all([gate.close(), issuer.close(), mcp.close()]);
    },
  };
}

/** What a person does in a browser: follows the pages, gives a name and consents. Resolves with the address of the callback. */
export async function logIn(authorizationUrl: string, login = 'jo'): Promise<string> {
  const cookies = new Map<string, string>();
  let next: { url: string; form?: URLSearchParams } = { url: authorizationUrl };
  for (let step = 0; step < 20; step += 1) {
    const response = await fetch(next.url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(next.form && { method: 'POST', body: next.form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get('location');
    const page = await response.text();
    if (location) next = { url: new URL(location, next.url).href };
    else next = formOn(page, next.url, login);
    if (new URL(next.url).pathname === '/api/oauth/callback') return next.url;
  }
  throw new Error('The login does not end.');
}

function formOn(page: string, base: string, login: string): { url: string; form: URLSearchParams } {
  const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
  const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
  if (action === undefined || prompt === undefined)
    throw new Error(`No form on this page: ${page.replace(/<[^>]*>/g, ' ').slice(0, 2_000)}`);
  return { url: new URL(action, base).href, form: new URLSearchParams({ prompt, login, password: 'x' }) };
}

/** Sends a request on to another server, and its answer back. */
export function pass(req: IncomingMessage, res: ServerResponse, to: string): void {
  const out = forward(to, { method: req.method ?? 'GET', headers: { ...req.headers, host: new URL(to).host } }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  out.on('error', () => res.destroy());
  res.on('close', () => out.destroy());
  req.pipe(out);
}

function sendJson(res: ServerResponse, body: object): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const issuerUrl = (issuer: HttpFixture | undefined): string => issuer?.url ?? '';

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpFixture, listen } from '../../fixtures/http/listen.ts';

/** What the authorization server gives away. */
export interface Given {
  readonly clientSecret: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Answers everything with all that it was sent, as an error; `/login` asks for a login, which it can give. */
export async function tellingRemote(given: Given): Promise<HttpFixture> {
  const remote: HttpFixture = await listen((req, res) => {
    let body = '';
    req.on('data', (chunk) => (body += chunk));
    req.on('end', () => {
      const login = loginAnswer(req, remote.url.replace(/\/[^/]*$/, ''), given, body);
      if (login) json(res, login.status, login.body);
      else echo(req, res, body);
    });
  });
  return remote;
}

function loginAnswer(
  { url = '' }: IncomingMessage,
  origin: string,
  given: Given,
  body: string,
): { status: number; body: object } | undefined {
  if (url.startsWith('/.well-known/oauth-protected-resource')) {
    return {
      status: 200,
      body: { resource: `${origin}${url.slice('/.well-known/oauth-protected-resource'.length)}`, authorization_servers: [origin] },
    };
  }
  if (url.startsWith('/.well-known/oauth-authorization-server')) {
    const endpoints = {
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
    };
    return {
      status: 200,
      body: { issuer: origin, ...endpoints, response_types_supported: ['code'], code_challenge_methods_supported: ['S256'] },
    };
  }
  if (url === '/register') return { status: 201, body: { ...JSON.parse(body), client_id: 'hub', client_secret: given.clientSecret } };
  if (url !== '/token') return undefined;
  if (!body.includes('authorization_code')) return { status: 400, body: { error: 'invalid_grant', error_description: body } };
  const { accessToken, refreshToken } = given;
  return { status: 200, body: { access_token: accessToken, refresh_token: refreshToken, token_type: 'Bearer', expires_in: 3_600 } };
}

function echo({ url = '', headers }: IncomingMessage, res: ServerResponse, body: string): void {
  const status = url.includes('/login') ? 401 : url.includes('key=') ? 400 : 500;
  if (status === 401) res.setHeader('www-authenticate', 'Bearer');
  json(res, status, { url: decodeURIComponent(url), headers, body });
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

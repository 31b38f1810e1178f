import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, createLogger, type LogRecord, systemClock } from '../../src/base/index.ts';
import { Logins, type RemoteLaunch } from '../../src/upstream/index.ts';
import type { LoginSettings } from '../../src/upstream/oauth/login-settings.ts';
import { Posting } from '../../src/upstream/remote/posting.ts';
import { serverRoad } from '../../src/upstream/remote/server-road.ts';
import { type HttpFixture, listen } from '../fixtures/http/listen.ts';
import { remoteLaunch } from './remote.ts';

/** What came to an authorization server. */
export interface Asked {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

export interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string | object;
  /** Breaks the connection off. */
  readonly isCut?: boolean;
}

/** An authorization server that does as it is told. */
export class ScriptedIssuer {
  readonly asked: Asked[] = [];
  /** Over what its metadata says otherwise; `undefined` takes a field away. */
  metadata: Record<string, unknown> = {};
  /** Whether it has metadata at all, and what it answers for it otherwise. */
  metadataReply: Reply | undefined;
  registration: (body: object) => Reply = () => ({ status: 201, body: { client_id: `client-${this.asked.length}`, redirect_uris: [] } });
  token: (fields: Asked['fields'], asked: Asked) => Reply | Promise<Reply> = () => ({ body: this.tokens() });
  #fixture: HttpFixture | undefined;
  #given = 0;

  get url(): string {
    return this.#fixture?.url ?? '';
  }

  async open(): Promise<this> {
    this.#fixture = await listen((req, res) => void this.#answer(req, res), '');
    return this;
  }

  close(): Promise<void> | undefined {
    return this.#fixture?.close();
  }

  /** New ones at every call: `access-1` and `refresh-1`, `access-2` … */
  tokens(more: object = {}): object {
    this.#given += 1;
    return { access_token: `access-${this.#given}`, refresh_token: `refresh-${this.#given}`, token_type: 'Bearer', ...more };
  }

  /** The requests for tokens. */
  get trades(): readonly Asked['fields'][] {
    return this.asked.filter(({ path }) => path === '/token').map(({ fields }) => fields);
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { pathname } = new URL(req.url ?? '', this.url);
    const isJson = req.headers['content-type']?.includes('json') === true;
    const fields = isJson ? (JSON.parse(text) as Record<string, string>) : Object.fromEntries(new URLSearchParams(text));
    const asked = { path: pathname, fields, headers: req.headers };
    this.asked.push(asked);
    send(res, await this.#reply(asked));
  }

  #reply(asked: Asked): Reply | Promise<Reply> {
    if (asked.path === '/register') return this.registration(asked.fields);
    if (asked.path === '/token') return this.token(asked.fields, asked);
    if (asked.path !== '/.well-known/oauth-authorization-server') return { status: 404 };
    return this.metadataReply ?? { body: { ...this.#metadata(), ...this.metadata } };
  }

  #metadata(): object {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      registration_endpoint: `${this.url}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    };
  }
}

/** A remote server that takes the tokens it is told to, one of its authorization servers, and hubs that log in there. */
export class ScriptedLogin {
  readonly issuer = new ScriptedIssuer();
  readonly records: LogRecord[] = [];
  /** The tokens that it takes. */
  readonly valid = new Set<string>();
  /** Over what it says of itself otherwise; `undefined` for a server that says nothing. */
  protection: Record<string, unknown> | undefined = {};
  /** What stands in its `WWW-Authenticate` beside `Bearer`. */
  challenge = '';
  /** A scope that it asks for with 403. */
  wanted: string | undefined;
  /** How far the clock of the hubs is ahead, in milliseconds. */
  aheadMs = 0;
  readonly clock: Clock = { now: () => Date.now() + this.aheadMs, after: (ms, action) => systemClock.after(ms, action) };
  readonly #hubs: Logins[] = [];
  #fixture: HttpFixture | undefined;
  #folder = '';

  get url(): string {
    return `${this.#fixture?.url ?? ''}/mcp`;
  }

  get file(): string {
    return join(this.#folder, 'oauth-storage.json');
  }

  get keyFile(): string {
    return join(this.#folder, 'key');
  }

  async open(): Promise<this> {
    this.#folder = await mkdtemp(join(tmpdir(), 'mcp-hub-scripted-login-'));
    await this.issuer.open();
    this.#fixture = await listen((req, res) => this.#answer(req, res), '');
    return this;
  }

  async close(): Promise<void> {
    await Promise.all([this.#fixture?.close(), this.issuer.close(), ...this.#hubs.map((all) => all.close(0))]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A hub of the same person, with the same file. */
  logins(): Logins {
    const all = new Logins({
      file: this.file,
      keyFile: this.keyFile,
      clock: this.clock,
      logger: createLogger([(record) => void this.records.push(record)]),
      redirectUrl: (name, port = 37_373) => `http://localhost:${port}/api/oauth/callback?server_name=${name}`,
      serveCallback: (_, _req, res) => void res.end(),
    });
    this.#hubs.push(all);
    return all;
  }

  launch(all: Logins, oauth: LoginSettings = {}, principal?: string): RemoteLaunch {
    const launch = all.equip('srv', { ...remoteLaunch(this.url), oauth }, 1, principal);
    if (launch.kind !== 'remote') throw new Error('It was remote before.');
    return launch;
  }

  /** One request to the server, as the transports make it. */
  async call(launch: RemoteLaunch): Promise<number> {
    const posting = new Posting(serverRoad('srv', launch, () => {}));
    const taken = await posting.send({ method: 'POST', headers: [], inSession: false });
    if ('failure' in taken) throw taken.failure;
    return 'refusal' in taken ? taken.refusal.status : taken.status;
  }

  /** What the browser of a person who agrees is sent back with. */
  agreed(page: string | undefined, more: Record<string, string> = {}): URLSearchParams {
    const state = new URL(page ?? '').searchParams.get('state') ?? '';
    return new URLSearchParams({ code: 'the-code', state, iss: this.issuer.url, ...more });
  }

  /** Logs a person in, with tokens that the server takes. */
  async logIn(all: Logins, oauth: LoginSettings = {}): Promise<RemoteLaunch> {
    const launch = this.launch(all, oauth);
    await this.call(launch);
    await all.finish(this.agreed(all.authorizationUrl('srv')));
    return launch;
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    req.resume();
    const { pathname, origin } = new URL(req.url ?? '', this.url);
    if (pathname.startsWith('/.well-known/oauth-protected-resource')) {
      const said = this.protection && { resource: `${origin}/mcp`, authorization_servers: [this.issuer.url], ...this.protection };
      return send(res, said ? { body: said } : { status: 404 });
    }
    if (pathname !== '/mcp') return send(res, { status: 404 });
    const token = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined || !this.valid.has(token)) {
      return void res.writeHead(401, { 'www-authenticate': `Bearer realm="x"${this.challenge}` }).end();
    }
    if (this.wanted === undefined) return send(res, { body: 'well' });
    return void res.writeHead(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${this.wanted}"` }).end();
  }
}

function send(res: ServerResponse, { status = 200, type, body = '', isCut = false }: Reply): void {
  if (isCut) return void res.destroy();
  const isText = typeof body === 'string';
  res.writeHead(status, { 'content-type': type ?? (isText ? 'text/html' : 'application/json') }).end(isText ? body : JSON.stringify(body));
}

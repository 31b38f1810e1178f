import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A server on a free port of this machine that remembers what it was asked. */
export class TestHttp {
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  respond: (request: IncomingMessage, response: ServerResponse) => void;

  constructor(respond: (request: IncomingMessage, response: ServerResponse) => void) {
    this.respond = respond;
    this.#server = createServer((req, res) => {
      this.seen.push({ url: req.url ?? '', headers: req.headers });
      this.respond(req, res);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address ? address.port : 0;
    return this;
  }

  /** Also after it has stopped. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get server(): Server {
    return this.#server;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with JSON and an ETag of it, and with 304 to whoever has it already. */
export function sendJson(req: IncomingMessage, res: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  const etag = `"${text.length}-${text.split('').reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000_003, 7)}"`;
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, { etag }).end();
    return;
  }
  res.writeHead(200, { 'content-type': 'application/json', etag }).end(text);
}

/** The MCP Registry API over these `server.json` values, `pageSize` on a page. */
export function officialRegistry(servers: readonly { readonly name: string }[], pageSize: number) {
  const wrap = (server: object): object => ({
    server,
    _meta: { 'io.modelcontextprotocol.registry/official': { status: 'active', updatedAt: '2026-01-02T03:04:05Z', isLatest: true } },
  });
  return (req: IncomingMessage, res: ServerResponse): void => {
    const url = new URL(req.url ?? '', 'http://registry');
    const one = /^\/v0\.1\/servers\/([^/]+)\/versions\/latest$/.exec(url.pathname)?.[1];
    if (one !== undefined) {
      const found = servers.find(({ name }) => name === decodeURIComponent(one));
      if (found) sendJson(req, res, wrap(found));
      else res.writeHead(404).end('{}');
      return;
    }
    if (url.pathname !== '/v0.1/servers' || url.searchParams.get('version') !== 'latest') {
      res.writeHead(400).end('{}');
      return;
    }
    const search = url.searchParams.get('search');
    const all = search === null ? servers : servers.filter(({ name }) => name.includes(search));
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const to = from + pageSize;
    const metadata = { count: Math.min(pageSize, all.length - from), ...(to < all.length && { nextCursor: String(to) }) };
    sendJson(req, res, { servers: all.slice(from, to).map(wrap), metadata });
  };
}

/** A forward proxy: absolute addresses and CONNECT, with names that only it knows. */
export async function startProxy(hosts: Readonly<Record<string, number>>): Promise<TestHttp & { readonly connects: string[] }> {
  const connects: string[] = [];
  const proxy = new TestHttp((req, res) => {
    const target = new URL(req.url ?? '');
    const port = hosts[target.host];
    if (port === undefined) {
      res.writeHead(502).end();
      return;
    }
    const forward = request({ host: '127.0.0.1', port, path: target.pathname + target.search, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    forward.on('error', () => res.writeHead(502).end());
    forward.end();
  });
  proxy.server.on('connect', (req, socket, head) => {
    connects.push(req.url ?? '');
    const port = hosts[(req.url ?? '').replace(/:80$/, '')];
    if (port === undefined) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
  });
  await proxy.start();
  return Object.assign(proxy, { connects });
}

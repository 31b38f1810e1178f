/**
 * The least that a hub for MCP over HTTP can do in Node: sessions of its own and one towards each server, names with a prefix, and
 * the answer as it came. No checks, no limits, no other transport, no cancellation, no questions of servers.
 *
 * Usage: `bare-hub <port of the upstream> <path> …`; the tools of `/modern-sse` are named `modern_sse__…`.
 */
import { randomUUID } from 'node:crypto';
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import { serve } from './serve.ts';

const LEGACY_VERSION = '2025-11-25';
const [port, ...paths] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const base = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const sessions = new Set<string>();
const servers = new Map<string, { readonly path: string; readonly headers: OutgoingHttpHeaders }>();

for (const path of paths) {
  const isLegacy = path.startsWith('legacy');
  servers.set(path.replace('-', '_'), { path: `/${path}`, headers: isLegacy ? await openSession(`/${path}`) : base });
}

serve((req, res): void => {
  const session = req.headers['mcp-session-id'];
  if (req.method === 'DELETE') {
    sessions.delete(String(session));
    return void res.writeHead(200, { 'content-length': 0 }).end();
  }
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => handle(req, res, JSON.parse(Buffer.concat(chunks).toString())));
});

interface Message {
  readonly id?: unknown;
  readonly method: string;
  readonly params?: { readonly name?: string };
}

function handle(req: IncomingMessage, res: ServerResponse, message: Message): void {
  if (message.method === 'initialize') return initialize(res, message);
  if (message.id === undefined) return void res.writeHead(202, { 'content-length': 0 }).end();
  const session = req.headers['mcp-session-id'];
  if (session !== undefined && !sessions.has(String(session))) return void res.writeHead(404, { 'content-length': 0 }).end();
  const [prefix = '', name = ''] = message.params?.name?.split('__') ?? [];
  const server = servers.get(prefix);
  if (!server) return void res.writeHead(400, { 'content-length': 0 }).end();
  const body = JSON.stringify({ ...message, params: { ...message.params, name } });
  const era = session === undefined ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': message.method, 'mcp-name': name } : {};
  const headers = { ...server.headers, ...era, 'content-length': Buffer.byteLength(body) };
  const forwarded = request({ host: '127.0.0.1', port, agent, method: 'POST', path: server.path, headers }, (reply) => {
    const length = reply.headers['content-length'];
    const type = reply.headers['content-type'] ?? 'application/json';
    res.writeHead(reply.statusCode ?? 502, { 'content-type': type, ...(length !== undefined && { 'content-length': length }) });
    reply.pipe(res);
  });
  forwarded.on('error', () => res.destroy());
  forwarded.end(body);
}

function initialize(res: ServerResponse, { id }: Message): void {
  const session = randomUUID();
  sessions.add(session);
  const result = { protocolVersion: LEGACY_VERSION, capabilities: { tools: {} }, serverInfo: { name: 'bare-hub', version: '1.0.0' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id, result });
  res
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'mcp-session-id': session })
    .end(body);
}

/** The headers that go with every later request to a legacy server. */
function openSession(path: string): Promise<OutgoingHttpHeaders> {
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: { name: 'bare-hub', version: '1.0.0' } };
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, agent, method: 'POST', path, headers: base }, (res) => {
      res.resume();
      const session = String(res.headers['mcp-session-id']);
      res.on('end', () => resolve({ ...base, 'mcp-protocol-version': LEGACY_VERSION, 'mcp-session-id': session }));
    });
    req.on('error', reject);
    req.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }));
  });
}

/**
 * An MCP server over HTTP made of node:http alone: sessions of 2025-11-25 at `/legacy`, stateless 2026-07-28 at `/modern`. Both
 * again at `/legacy-sse` and `/modern-sse`, where every answer is an event stream; and at `/list` a legacy one with many tools.
 *
 * Usage: `upstream-http <number of tools at /list>`
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, type Era } from './mcp-answers.ts';
import { serve } from './serve.ts';

const PATHS: Readonly<Record<string, { readonly era: Era; readonly isStream?: boolean; readonly tools?: number }>> = {
  '/legacy': { era: 'legacy' },
  '/modern': { era: 'modern' },
  '/legacy-sse': { era: 'legacy', isStream: true },
  '/modern-sse': { era: 'modern', isStream: true },
  '/list': { era: 'legacy', tools: Number(process.argv[2]) },
};
const sessions = new Set<string>();

serve((req, res) => {
  const path = PATHS[req.url ?? ''];
  if (path === undefined) return empty(res, 404);
  const { era, isStream = false, tools } = path;
  if (era === 'legacy' && req.method === 'DELETE') return empty(res, sessions.delete(sessionOf(req)) ? 200 : 404);
  if (req.method !== 'POST') return empty(res, 405);
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const message = JSON.parse(Buffer.concat(chunks).toString());
    const headers: Record<string, string> = {};
    if (era === 'legacy' && message.method === 'initialize') {
      const id = randomUUID();
      sessions.add(id);
      headers['mcp-session-id'] = id;
    } else if (era === 'legacy' && !sessions.has(sessionOf(req))) {
      return empty(res, message.method === 'server/discover' ? 400 : 404);
    }
    const body = answer(message, era, tools);
    if (body === undefined) return empty(res, 202);
    if (isStream) return asStream(res, body, headers);
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(body));
    res.writeHead(200, headers).end(body);
  });
});

/** As servers do it that may have more to say before the answer: the length is not known beforehand. */
function asStream(res: ServerResponse, body: string, headers: Record<string, string>): void {
  res.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  res.write(`event: message\ndata: ${body}\n\n`);
  res.end();
}

function sessionOf(req: IncomingMessage): string {
  return String(req.headers['mcp-session-id'] ?? '');
}

function empty(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-length': '0' }).end();
}

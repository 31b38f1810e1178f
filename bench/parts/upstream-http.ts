/** An MCP server over HTTP made of node:http alone: sessions of 2025-11-25 at `/legacy`, stateless 2026-07-28 at `/modern`. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer } from './mcp-answers.ts';
import { serve } from './serve.ts';

const sessions = new Set<string>();

serve((req, res) => {
  const era = req.url === '/legacy' ? 'legacy' : req.url === '/modern' ? 'modern' : undefined;
  if (era === undefined) return empty(res, 404);
  if (era === 'legacy' && req.method === 'DELETE') return empty(res, sessions.delete(sessionOf(req)) ? 200 : 404);
  if (req.method !== 'POST') return empty(res, 405);
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const message = JSON.parse(Buffer.concat(chunks).toString());
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (era === 'legacy' && message.method === 'initialize') {
      const id = randomUUID();
      sessions.add(id);
      headers['mcp-session-id'] = id;
    } else if (era === 'legacy' && !sessions.has(sessionOf(req))) {
      return empty(res, message.method === 'server/discover' ? 400 : 404);
    }
    const body = answer(message, era);
    if (body === undefined) return empty(res, 202);
    headers['content-length'] = String(Buffer.byteLength(body));
    res.writeHead(200, headers).end(body);
  });
});

function sessionOf(req: IncomingMessage): string {
  return String(req.headers['mcp-session-id'] ?? '');
}

function empty(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-length': '0' }).end();
}

// remote-server.mjs <port>: an MCP server of 2025-11-25 over Streamable HTTP with sessions, made of node:http alone. Tool
// echo({text}). A session it does not know is answered with 404, as after a restart.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const sessions = new Set();
const tool = {
  name: 'echo',
  description: 'Says what it was told.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
};

function resultOf({ method, params }) {
  if (method === 'initialize') {
    return { protocolVersion: '2025-11-25', serverInfo: { name: 'soak-remote', version: '1' }, capabilities: { tools: {} } };
  }
  if (method === 'tools/list') return { tools: [tool] };
  if (method === 'tools/call') return { content: [{ type: 'text', text: params.arguments.text }] };
  return method === 'ping' ? {} : undefined;
}

function answer(request, response, body) {
  const message = JSON.parse(body);
  const known = sessions.has(request.headers['mcp-session-id']);
  if (message.method !== 'initialize' && !known) {
    response.writeHead(message.method === 'server/discover' ? 400 : 404).end();
    return;
  }
  if (message.id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const headers = { 'content-type': 'application/json' };
  if (message.method === 'initialize') {
    headers['mcp-session-id'] = randomUUID();
    sessions.add(headers['mcp-session-id']);
  }
  const result = resultOf(message);
  const outcome = result ? { result } : { error: { code: -32601, message: 'Method not found' } };
  response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...outcome }));
}

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
    return;
  }
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
  request.on('end', () => answer(request, response, body));
}).listen(Number(process.argv[2]), '127.0.0.1');
process.stdin.on('end', () => process.exit(0)).resume();

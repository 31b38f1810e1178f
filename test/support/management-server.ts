import type { CommandLine } from './command-line.ts';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** One request that has come, with what its body says. */
interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

export interface ManagementServer {
  readonly port: number;
  readonly origin: string;
  /** Every request but those for the health, which every command asks for. */
  readonly requests: readonly SeenRequest[];
  /** Ends of connections before their answer was complete. */
  aborted(): number;
  /** Sends an event to every reader. */
  emit(name: string, data: object): void;
  /** How many read the event stream. */
  readers(): number;
  close(): Promise<void>;
}

type Answer = object | 'silence';

/**
 * A server that answers in the shapes of the management API (docs/rest-api.md), as a hub with four servers, and on `/mcp` as
 * an endpoint of MCP 2026-07-28. An override is named by its route, and on `/mcp` by its method: `tools/call`.
 */
export async function serveManagement(overrides: Readonly<Record<string, Answer>> = {}): Promise<ManagementServer> {
  const requests: SeenRequest[] = [];
  const readers = new Set<ServerResponse>();
  let aborted = 0;
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableEnded && !readers.has(response)) aborted += 1;
      readers.delete(response);
    });
    void respond(request, response);
  });
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const body = await bodyOf(request);
    if (url !== '/api/health') requests.push({ method, path: url, body });
    if (url === '/api/events') {
      readers.add(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      response.write(frame('hub_state', { state: 'ready' }));
      return;
    }
    const key = `${method} ${url.replace(/\?.*/, '')}`;
    if (url.startsWith('/mcp')) return answerMcp(response, url, body, overrides);
    const answer = overrides[key] ?? answers(portOf(server))[key] ?? problem(404, 'METHOD_NOT_FOUND', `There is no ${key}.`);
    if (answer === 'silence') return;
    const status = 'status' in answer && typeof answer.status === 'number' ? answer.status : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    aborted: () => aborted,
    emit: (name, data) => readers.forEach((reader) => reader.write(frame(name, data))),
    readers: () => readers.size,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
}

type Offer = (typeof OFFERS)[keyof typeof OFFERS];

function answerMcp(response: ServerResponse, path: string, body: unknown, overrides: Readonly<Record<string, Answer>>): void {
  const method = typeof body === 'object' && body !== null && 'method' in body ? String(body.method) : '';
  const answer = overrides[method] ?? { result: mcpResult(decodeURIComponent(path.slice('/mcp/'.length)), method) };
  if (answer === 'silence') return;
  const messages: unknown[] = 'messages' in answer && Array.isArray(answer.messages) ? answer.messages : [];
  if (messages.length === 0) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...answer }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const message of messages) response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...Object(message) })}\n\n`);
  response.end();
}

/** What `/mcp`, or the endpoint of one server, answers. */
function mcpResult(server: string, method: string): object {
  const [kind = '', verb] = method.split('/');
  if (verb === 'list') {
    const servers = Object.entries(OFFERS).filter(([name]) => server === '' || name === server);
    return { [kind]: servers.flatMap(([name, offer]) => itemsOf(offer, kind).map((item) => (server === '' ? exposed(name, item) : item))) };
  }
  return (
    {
      tools: { content: [{ type: 'text', text: '3' }] },
      resources: { contents: [{ uri: 'note://one', text: 'A note.' }] },
      prompts: { messages: [{ role: 'user', content: { type: 'text', text: 'Hello.' } }] },
    }[kind] ?? {}
  );
}

function itemsOf(offer: Offer, kind: string): readonly object[] {
  return Object.entries(offer).find(([key]) => key === kind)?.[1] ?? [];
}

function exposed(server: string, item: object): object {
  return 'name' in item && !('uri' in item) ? { ...item, name: `${server.replace(' ', '_')}__${String(item.name)}` } : item;
}

/** A failure in the API's shape. */
function problem(status: number, code: string, error: string, data: object = {}): object {
  return { status, error, code, data };
}

const ADD_TOOL = {
  name: 'add',
  description: 'Adds numbers.\nAll of them.',
  inputSchema: { type: 'object', properties: { a: { type: 'number' }, list: { type: 'array', items: { type: 'integer' } } } },
};

const OFFERS = {
  calc: { tools: [ADD_TOOL, { name: 'show' }], prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }] },
  'my notes': {
    tools: [{ name: 'show', description: 'Shows.' }],
    resources: [{ uri: 'note://one', name: 'one' }],
    resourceTemplates: [{ uriTemplate: 'note://{id}', name: 'notes' }],
  },
};

const SERVERS = [
  serverObject('calc', 'connected', OFFERS.calc),
  serverObject('my notes', 'connected', OFFERS['my notes']),
  serverObject('broken', 'disconnected', {}, 'It ended with 1.'),
  serverObject('off', 'disabled', {}),
];

function serverObject(name: string, status: string, offer: object, error: string | null = null): object {
  const capabilities = { tools: [], prompts: [], resources: [], resourceTemplates: [], ...offer };
  const rest = { displayName: name, description: '', transportType: 'stdio', lastStarted: null, authorizationUrl: null };
  return { name, status, error, capabilities, uptime: 62, config_source: 'servers.json', ...rest };
}

function answers(port: number): Readonly<Record<string, Answer>> {
  const [calc, , , off] = SERVERS;
  const edited = { status: 'ok', dryRun: false, file: 'servers.json', etag: 'e', diff: '--- a\n+++ b\n-old\n+new\n', server: calc };
  return {
    'GET /api/health': {
      status: 'ok',
      state: 'ready',
      server_id: 'mcp-hub',
      version: '4.2.1',
      hubVersion: '4.3.0',
      pid: process.pid,
      activeClients: 1,
      servers: SERVERS,
      connections: { totalConnections: 1, connections: [] },
      mcpEndpoint: { activeClients: 2 },
      workspaces: { current: String(port), allActive: {} },
    },
    'GET /api/servers': { servers: SERVERS },
    'GET /api/servers/calc/environment': { environment: [{ name: 'TOKEN', value: '***', from: 'env' }] },
    'GET /api/servers/calc/log': { lines: [{ timestamp: '2026-01-01T10:00:00.000Z', text: 'listening' }] },
    'POST /api/servers/start': { status: 'ok', server: calc },
    'POST /api/servers/stop': { status: 'ok', server: off },
    'POST /api/servers/restart': { status: 'ok', server: calc },
    'POST /api/restart': {
      status: 'ok',
      changes: { added: [], removed: [], changed: { calc: ['disabled_tools', 'env'] }, settings: ['startupWait'] },
    },
    'POST /api/servers': edited,
    'DELETE /api/servers/calc': { ...edited, server: null },
  };
}

const frame = (name: string, data: object): string => `event: ${name}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`;

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Lets the commands of `cli` run against a hub that answers this one route otherwise. */
export async function withOtherAnswer(
  cli: CommandLine,
  route: string,
  answer: object | 'silence',
  use: (other: ManagementServer) => Promise<void>,
): Promise<void> {
  const other = await serveManagement({ [route]: answer });
  try {
    await cli.list({ port: other.port });
    await use(other);
  } finally {
    await other.close();
  }
}

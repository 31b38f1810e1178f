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

/** A server that answers in the shapes of the management API (docs/rest-api.md), as a hub with four servers. */
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
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    if (url !== '/api/health') requests.push({ method, path: url, body });
    if (url === '/api/events') {
      readers.add(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      response.write(frame('hub_state', { state: 'ready' }));
      return;
    }
    const key = `${method} ${url.replace(/\?.*/, '')}`;
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

/** A failure in the API's shape. */
export function problem(status: number, code: string, error: string, data: object = {}): object {
  return { status, error, code, data };
}

const ADD_TOOL = {
  name: 'add',
  description: 'Adds numbers.\nAll of them.',
  inputSchema: { type: 'object', properties: { a: { type: 'number' }, list: { type: 'array', items: { type: 'integer' } } } },
};

const SERVERS = [
  serverObject('calc', 'connected', { tools: [ADD_TOOL, { name: 'show' }], prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }] }),
  serverObject('my notes', 'connected', {
    tools: [{ name: 'show', description: 'Shows.' }],
    resources: [{ uri: 'note://one', name: 'one' }],
    resourceTemplates: [{ uriTemplate: 'note://{id}', name: 'notes' }],
  }),
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
    'POST /api/servers/tools': { result: { content: [{ type: 'text', text: '3' }] } },
    'POST /api/servers/resources': { result: { contents: [{ uri: 'note://one', text: 'A note.' }] } },
    'POST /api/servers/prompts': { result: { messages: [{ role: 'user', content: { type: 'text', text: 'Hello.' } }] } },
    'POST /api/servers/start': { status: 'ok', server: calc },
    'POST /api/servers/stop': { status: 'ok', server: off },
    'POST /api/servers/restart': { status: 'ok', server: calc },
    'POST /api/restart': { status: 'ok' },
    'POST /api/servers': edited,
    'DELETE /api/servers/calc': { ...edited, server: null },
  };
}

const frame = (name: string, data: object): string => `event: ${name}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`;

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

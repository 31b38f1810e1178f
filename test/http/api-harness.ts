import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubError, silentLogger, systemClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import { createApi } from '../../src/http/api/create-api.ts';
import { isObject, type JsonObject } from '../../src/protocol/index.ts';
import { FakeGateway, failure, hubResult, legacyResult } from '../support/fake-gateway.ts';
import { MemoryManagement, serverObject } from '../support/memory-management.ts';

export const LIMIT = 10_000;

export interface ApiHarness {
  readonly url: string;
  readonly server: Server;
  readonly gateway: FakeGateway;
  readonly management: MemoryManagement;
  close(): Promise<void>;
}

/** The REST routes on a real socket, over servers in memory: `time` is up, `down` is not, `a/b` has an odd name. */
export async function startApi(): Promise<ApiHarness> {
  const management = new MemoryManagement(
    serverObject('time'),
    serverObject('down', { status: 'disconnected', error: 'It crashed.' }),
    serverObject('a/b'),
  );
  const gateway = new FakeGateway();
  for (const { name } of management.servers.all()) gateway.servers.add(name);
  script(gateway);
  const limits = { maxBodyBytes: LIMIT, sessionIdleTimeoutMs: 60_000, maxSessions: 1_000, shutdownTimeoutMs: 0 };
  const base = { clock: systemClock, logger: silentLogger };
  const endpoint = new Endpoint({ ...base, gateway, serverInfo: { name: 'x' }, limits: () => limits, messagesPath: '/messages' });
  const api = createApi({ ...base, endpoint, management, streams: { summary: noReaders }, version: '1.2.3', maxBodyBytes: () => LIMIT });
  const server = createServer(api);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    await endpoint.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, server, gateway, management, close };
}

const noReaders = () => ({ activeClients: 0, connections: { totalConnections: 0, connections: [] } });

/** What the servers answer: a tool, a prompt and a resource each, and "not connected" from the one that is down. */
function script(gateway: FakeGateway): void {
  const down = { era: 'hub', outcome: { error: { code: -32603, message: 'down' } }, failure: notConnected() } as const;
  const isDown = ({ scope }: { scope: { kind: string; id?: string } }): boolean => scope.id === 'down';
  gateway
    .on('tools/call', (call) => (isDown(call) ? down : legacyResult({ content: [{ type: 'text', text: 'hi' }] })))
    .on('prompts/get', (call) =>
      isDown(call) ? down : legacyResult({ messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }] }),
    )
    .on('resources/read', (call) => {
      if (isDown(call)) return down;
      if (call.params?.['uri'] !== 'time://now') return failure('legacy', -32002, 'Resource not found');
      return legacyResult({ contents: [{ uri: 'time://now', text: 'noon' }] });
    })
    .on('tools/list', () => hubResult({ tools: [{ name: 'now' }] }))
    .on('prompts/list', () => hubResult({ prompts: [{ name: 'greet' }] }))
    .on('resources/list', () => hubResult({ resources: [{ uri: 'time://now' }] }))
    .on('resources/templates/list', () => hubResult({ resourceTemplates: [] }));
}

function notConnected(): HubError {
  return new HubError('SERVER_NOT_CONNECTED', 'Server "down" is not running.', { details: { server: 'down' } });
}

export interface ApiReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** `{}` when it is not JSON. */
  readonly json: JsonObject;
}

export interface ApiRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is. */
  readonly body?: object | string | undefined;
  readonly signal?: AbortSignal;
}

/** One REST request; the content type is JSON unless it says otherwise, and absent without a body. */
export function api(url: string, { method = 'GET', headers = {}, body, signal }: ApiRequest = {}): Promise<ApiReply> {
  return new Promise((resolve, reject) => {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const length = headers['transfer-encoding'] ? {} : { 'content-length': Buffer.byteLength(text ?? '') };
    const ofBody = text === undefined ? {} : { 'content-type': 'application/json', ...length };
    const req = httpRequest(url, {
      method,
      headers: { accept: 'application/json', ...ofBody, ...headers },
      agent: false,
      ...(signal && { signal }),
    });
    req.on('error', reject).on('response', (res) => {
      let answer = '';
      res.setEncoding('utf8').on('error', reject);
      res.on('data', (chunk: string) => {
        answer += chunk;
      });
      res.on('end', () => {
        const json: unknown = answer !== '' && res.headers['content-type'] === 'application/json' ? JSON.parse(answer) : {};
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: answer, json: isObject(json) ? json : {} });
      });
    });
    req.end(text);
  });
}

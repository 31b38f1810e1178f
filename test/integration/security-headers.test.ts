import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../src/http/api/routes.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, type HubProcess, settled, startHub } from '../support/hub-process.ts';

const WAITS_MS = 5_000;

let hub: HubProcess;

beforeAll(async () => {
  hub = await startHub({ config: { mcpServers: { echo: { command: process.execPath, args: [fixtureServer('echo')] } } } });
  await settled(hub);
});
afterAll(endHubs);

/** Sends these lines, and a body after them. @returns the head of the first answer, which may be that of a stream */
function head(lines: readonly string[], body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(hub.port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`));
    socket.setTimeout(WAITS_MS, () => socket.destroy(new Error(`No answer to ${lines[0]}: ${text}`)));
    socket.on('error', reject).on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      resolve(text.slice(0, end));
      socket.destroy();
    });
  });
}

interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly body?: object | string;
}

function ask(path: string, { method = 'GET', host = 'localhost', headers = [], body }: Asked = {}): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? '');
  const sized = body === undefined ? [] : [`content-length: ${text.length}`];
  return head([`${method} ${path} HTTP/1.1`, `host: ${host}`, ...headers, ...sized], body === undefined ? '' : text);
}

const FIELDS: readonly RegExp[] = [
  /^x-content-type-options: nosniff$/im,
  /^x-frame-options: DENY$/im,
  /^content-security-policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/im,
  /^cross-origin-resource-policy: same-origin$/im,
  /^cross-origin-opener-policy: same-origin$/im,
  /^referrer-policy: no-referrer$/im,
  /^cache-control: no-(?:store|cache)/im,
];
/** What would let a page in, remember it, or tell what the hub is made of. */
const NEVER = /^(?:access-control-[\w-]+|set-cookie|timing-allow-origin|x-powered-by|server|location): /im;

/** The fields of a head of which there is not exactly one, and those that must not be there. */
function wrongIn(answer: string): string[] {
  const wrong = FIELDS.filter((field) => answer.match(new RegExp(field, 'gim'))?.length !== 1).map(String);
  return [...wrong, ...(NEVER.exec(answer) ?? [])];
}

const json = ['content-type: application/json', 'accept: application/json, text/event-stream'];
const fromPage = ['origin: http://evil.example', 'access-control-request-method: POST', 'access-control-request-private-network: true'];
const call = (method: string, params: object): object => ({ jsonrpc: '2.0', id: 1, method, params });
const initialize = call('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } });
const discover = call('server/discover', {});

describe('the headers of security are on', () => {
  it.each([
    ['a hint', 200, '/', {}],
    ['a HEAD', 200, '/', { method: 'HEAD' }],
    ['what is not there', 404, '/nothing', {}],
    ['what is not there for programs', 404, '/api/nothing', {}],
    ['/.well-known', 404, '/.well-known/oauth-protected-resource', {}],
    ['an icon', 404, '/favicon.ico', {}],
    ['a page', 400, '/api/oauth/callback?code=a&state=b', {}],
    ['a page about a doubtful address', 400, '/api/oauth/callback?code=a&code=b', {}],
    ['a method that is not there', 405, '/api/health', { method: 'DELETE' }],
    ['OPTIONS of a route', 204, '/api/health', { method: 'OPTIONS' }],
    ['OPTIONS of /mcp', 405, '/mcp', { method: 'OPTIONS' }],
    ['a path that cannot be decoded', 400, '/api/servers/%ff', {}],
    ['a request to no path', 400, 'http://:::', {}],
    ['a body that is no JSON', 400, '/api/servers/tools', { method: 'POST', headers: json, body: '{' }],
    ['a body of a form', 415, '/api/servers/tools', { method: 'POST', headers: ['content-type: text/plain'], body: '{}' }],
    ['a body that is too large', 413, '/api/servers/tools', { method: 'POST', headers: [...json, 'content-length: 99999999999'] }],
    ['events', 200, '/api/events', {}],
    ['events that are not read', 405, '/api/events', { method: 'POST' }],
    ['the old transport', 200, '/sse', {}],
    ['a message to nobody', 404, '/messages?sessionId=1', { method: 'POST', headers: json, body: initialize }],
    ['the start of a session', 200, '/mcp', { method: 'POST', headers: json, body: initialize }],
    ['a request without a session', 400, '/mcp/echo', { method: 'POST', headers: json, body: discover }],
    ['a stream on /mcp', 200, '/mcp', { headers: ['accept: text/event-stream'] }],
    ['a server that is not there', 404, '/mcp/nobody', { method: 'POST', headers: json, body: initialize }],
    ['a WebSocket', 404, '/nothing', { headers: ['connection: upgrade', 'upgrade: websocket'] }],
    ['an expectation', 200, '/', { headers: ['expect: miracles'] }],
    ['another name', 403, '/mcp', { host: 'evil.example' }],
    ['another origin', 403, '/api/health', { headers: ['origin: http://evil.example'] }],
    ['a page of another site', 403, '/', { headers: ['sec-fetch-site: cross-site'] }],
  ] as [string, number, string, Asked][])('%s (%d %s)', async (_, status, path, asked) => {
    const answer = await ask(path, asked);
    expect([answer.split('\r\n')[0], wrongIn(answer)]).toEqual([expect.stringContaining(`HTTP/1.1 ${status} `), []]);
  });

  it.each([
    ['no host', 403, ['GET / HTTP/1.1', 'accept: */*']],
    ['what is no request', 400, ['nonsense']],
    ['headers that are too long', 431, ['GET / HTTP/1.1', 'host: localhost', `x: ${'a'.repeat(70_000)}`]],
  ] as const)('%s (%d)', async (_, status, lines) => {
    const answer = await head(lines);
    expect([answer.split('\r\n')[0], wrongIn(answer)]).toEqual([expect.stringContaining(`HTTP/1.1 ${status} `), []]);
  });

  /** A page of another site asks for all of them; whoever is let in asks only for what does nothing. */
  it.each(routes.map(({ method, path }) => [method.toUpperCase(), path.replace(':name', 'echo')] as const))(
    '%s %s',
    async (method, path) => {
      const refused = await ask(path, { method, headers: fromPage });
      const preflight = await ask(path, { method: 'OPTIONS', headers: ['origin: http://localhost:5173', ...fromPage.slice(1)] });
      expect([wrongIn(refused), wrongIn(preflight)]).toEqual([[], []]);
      expect([refused.slice(9, 12), preflight.slice(9, 12)]).toEqual(['403', path === '/api/events' ? '405' : '204']);
      if (method !== 'GET') return;
      expect(wrongIn(await ask(path, { headers: ['origin: http://localhost:5173'] }))).toEqual([]);
    },
  );
});

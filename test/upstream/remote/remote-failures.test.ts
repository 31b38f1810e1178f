import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startRestartable } from '../../fixtures/http/restartable.ts';
import { isHubError } from '../../../src/base/index.ts';
import type { NotificationMessage } from '../../../src/protocol/index.ts';
import {
  answerLegacyHandshake,
  type ScriptedExchange,
  type ScriptedHttpFixture,
  startScriptedHttp,
} from '../../fixtures/http/scripted-http.ts';
import { eventually } from '../../support/eventually.ts';
import { rawServer } from '../../support/raw-server.ts';
import { connectTo, remoteLaunch, toolCall } from '../../support/remote.ts';

let server: ScriptedHttpFixture | undefined;

async function scripted(script: (exchange: ScriptedExchange) => void): Promise<string> {
  server = await startScriptedHttp(script);
  return server.url;
}

async function failureOf(promise: Promise<unknown>): Promise<{ code: string; message: string; details: unknown }> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!isHubError(error)) throw error;
  return error;
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

describe('a remote server that cannot be connected to', () => {
  it.each([
    [401, 'UNAUTHORIZED', 'asks for a login'],
    [403, 'UNAUTHORIZED', 'denies access'],
    [500, 'CONNECTION_ERROR', 'HTTP 500'],
    [503, 'CONNECTION_ERROR', 'HTTP 503'],
    [429, 'CONNECTION_ERROR', 'too often'],
  ])('says what HTTP %i means and does not fall back', async (status, code, words) => {
    const url = await scripted(({ reply }) => reply(status, { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'nope' } }));
    const error = await failureOf(connectTo(remoteLaunch(url)));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words), details: { server: 'srv', status } });
    expect(server?.log).toEqual(['server/discover']);
  });

  it('tells a refused connection and a host that does not exist apart', async () => {
    const url = await scripted(() => undefined);
    await server?.close();
    const refused = await failureOf(connectTo(remoteLaunch(url)));
    expect(refused).toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining('refuses the connection') });
    expect(refused.details).toMatchObject({ network: 'ECONNREFUSED' });
    const unknown = await failureOf(connectTo(remoteLaunch('http://no-such-host.invalid/mcp')));
    expect(unknown).toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining('does not resolve') });
  });

  it('says what to do about a port that fetch refuses, and an address that speaks no TLS', async () => {
    const badPort = await failureOf(connectTo(remoteLaunch('http://127.0.0.1:1/mcp')));
    expect(badPort).toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining('listen on another one') });
    const url = await scripted(({ reply }) => reply(200, '{}'));
    const noTls = await failureOf(connectTo(remoteLaunch(url.replace('http:', 'https:'))));
    expect(noTls).toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining('should begin with http://') });
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.2\r\n', 'It does not begin with "HTTP/1.1".', 'HPE_INVALID_CONSTANT'],
    ['HTTP/1.1 200 OK\nContent-Length: 2\n\n{}', 'A line of its head does not end with CR LF.', 'HPE_STRICT'],
  ])('says that another protocol is spoken there: %j', async (said, reason, network) => {
    const { origin } = await rawServer((socket) => void socket.write(said));
    const error = await failureOf(connectTo(remoteLaunch(`${origin}/mcp`)));
    const words = `does not answer in HTTP as it should. ${reason} Check the host and the port`;
    expect(error).toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining(words) });
    expect(error.details).toMatchObject({ network });
  });

  it('names a page that is not MCP', async () => {
    const url = await scripted(({ reply }) => reply(200, '<h1>Welcome</h1>'));
    const error = await failureOf(connectTo(remoteLaunch(url)));
    expect(error).toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('content type text/html') });
  });

  it('goes the whole road down before it calls an address wrong', async () => {
    const url = await scripted(({ reply }) => reply(404, '<h1>Not found</h1>'));
    const error = await failureOf(connectTo(remoteLaunch(url)));
    expect(error).toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('offers no HTTP+SSE stream there either') });
    expect(server?.log).toEqual(['server/discover', 'initialize', 'GET']);
  });

  it('never shows resolved values', async () => {
    const secrets = { authorization: 'Bearer s3cr3t', 'x-id': 'pr1vate' };
    const url = await scripted(({ request, reply }) =>
      reply(400, { echo: [request.headers['authorization'], request.headers['x-id'], request.url] }),
    );
    const key = `${url}?token=t0ken`;
    const error = await failureOf(connectTo(remoteLaunch(key, { headers: secrets, transport: 'http' })));
    expect(error.message).toContain('https://${env:HOST}/mcp');
    for (const value of [...Object.values(secrets), key, '127.0.0.1']) expect(JSON.stringify([error, error.message])).not.toContain(value);
    const broken = await failureOf(connectTo(remoteLaunch(url, { headers: { 'x-key': 'two\nlines' } })));
    expect(broken).toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('the header "x-key"') });
    expect(broken.message).not.toContain('lines');
    const credentials = await failureOf(connectTo(remoteLaunch('http://user:pass@127.0.0.1/')));
    expect(credentials.code).toBe('CONFIG_ERROR');
  });

  it('gives up with the reason of its signal', async () => {
    const url = await scripted(() => undefined);
    const aborter = new AbortController();
    const connecting = connectTo(remoteLaunch(url), { signal: aborter.signal });
    await eventually(() => expect(server?.log).toHaveLength(1));
    const reason = new Error('enough');
    aborter.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  });

  it('follows no redirect to another origin', async () => {
    const url = await scripted(({ reply }) => reply(307, '', { location: 'http://example.invalid/mcp' }));
    const error = await failureOf(connectTo(remoteLaunch(url, { transport: 'http' })));
    expect(error).toMatchObject({ code: 'UPSTREAM_PROTOCOL', message: expect.stringContaining('redirects') });
  });
});

describe('a remote server that fails later', () => {
  type Misbehave = (exchange: ScriptedExchange) => void;
  it.each<[string, string, string, Misbehave]>([
    ['ends the stream', 'CONNECTION_ERROR', 'closed the stream', ({ reply }) => reply(200, '', { 'content-type': 'text/event-stream' })],
    ['accepts without an answer', 'UPSTREAM_PROTOCOL', 'gave no answer', ({ reply }) => reply(202)],
    ['sends garbage', 'UPSTREAM_PROTOCOL', 'no JSON-RPC message', ({ reply }) => reply(200, { hello: 1 })],
    ['breaks the connection', 'CONNECTION_ERROR', 'broke the connection off', ({ response }) => void response.destroy()],
    ['answers 500', 'CONNECTION_ERROR', 'HTTP 500', ({ reply }) => reply(500)],
    ['answers 401', 'UNAUTHORIZED', 'asks for a login', ({ reply }) => reply(401)],
  ])('fails only the request: %s', async (_, code, words, misbehave) => {
    let isBad = true;
    const url = await scripted((exchange) => {
      if (answerLegacyHandshake(exchange)) return;
      if (isBad) misbehave(exchange);
      else exchange.result({ ok: true });
    });
    const { connection, closed } = await connectTo(remoteLaunch(url));
    expect(await failureOf(connection.request(toolCall('x')))).toMatchObject({ code, message: expect.stringContaining(words) });
    isBad = false;
    expect((await connection.request(toolCall('x'))).outcome.result).toEqual({ ok: true });
    expect(closed).toEqual([]);
    await connection.close();
  });

  it('hands a JSON-RPC error in a 4xx body on as the answer', async () => {
    const error = { code: -32050, message: 'mine', data: { a: 1 } };
    const url = await scripted((exchange) => {
      if (!answerLegacyHandshake(exchange)) exchange.reply(422, { jsonrpc: '2.0', id: null, error });
    });
    const { connection } = await connectTo(remoteLaunch(url));
    expect((await connection.request(toolCall('x'))).outcome.error).toEqual(error);
    await connection.close();
  });

  it('takes HTTP 400 about the session for its end', async () => {
    const url = await scripted((exchange) => {
      if (answerLegacyHandshake(exchange, { 'mcp-session-id': 's1' })) return;
      exchange.reply(400, { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Bad Request: No valid session ID provided' } });
    });
    const { connection, closed } = await connectTo(remoteLaunch(url));
    expect(await failureOf(connection.request(toolCall('x')))).toMatchObject({
      code: 'CONNECTION_ERROR',
      message: expect.stringContaining('session'),
    });
    expect(closed).toEqual(['CONNECTION_ERROR']);
    await connection.close();
  });

  it('hands on an error about a session of a tool, which is not that of the connection', async () => {
    const error = { code: -32000, message: 'Session not found' };
    let handshakes = 0;
    const url = await scripted((exchange) => {
      handshakes += exchange.body['method'] === 'initialize' ? 1 : 0;
      if (answerLegacyHandshake(exchange, { 'mcp-session-id': 's1' })) return;
      if (exchange.body['method'] === 'ping') return exchange.result({});
      exchange.reply(200, { jsonrpc: '2.0', id: exchange.body['id'], error });
    });
    const { connection, closed } = await connectTo(remoteLaunch(url));
    expect((await connection.request(toolCall('x'))).outcome.error).toEqual(error);
    expect([handshakes, closed]).toEqual([1, []]);
    await connection.close();
  });

  it('does not send a call any more that was taken back while it waited for the server to take connections again', async () => {
    const server = await startRestartable({ status: 404, body: '' });
    const { connection } = await connectTo(remoteLaunch(server.url));
    // Every connection is idle, and none is left.
    server.breakAll();
    const restarted = server.restart(300);
    await setTimeout(50);
    const params = (nonce: string) => ({ name: 'work', arguments: { nonce, ms: 0 } });
    const waiting = connection.request(toolCall('work', { params: params('waits') }));
    const hasty = failureOf(connection.request(toolCall('work', { params: params('hasty'), timeoutMs: 50 })));
    expect(await hasty).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('refuses the connection') });
    expect((await waiting).outcome.result).toMatchObject({ content: [{ text: 'waits' }] });
    await restarted;
    expect([...server.runs]).toEqual([['waits', 1]]);
    await connection.close();
    await server.close();
  });

  it('opens the standalone stream again when it ends, in a new session when the old one is gone by then, and is closed when that does not last', async () => {
    let streams = 0;
    const url = await scripted((exchange) => {
      if (exchange.request.method !== 'GET') return void answerLegacyHandshake(exchange, { 'mcp-session-id': 's1' });
      streams += 1;
      if (streams === 3 || streams === 5) return exchange.reply(404);
      const message = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: streams } };
      return exchange.reply(200, `retry: 10\ndata: ${JSON.stringify(message)}\n\n`, { 'content-type': 'text/event-stream' });
    });
    const { connection, logs, closed } = await connectTo(remoteLaunch(url), { knownEra: 'legacy' });
    await eventually(() => expect(closed).toEqual(['CONNECTION_ERROR']));
    expect(logs.map(({ params }) => params?.['data'])).toEqual([1, 2, 4]);
    await connection.close();
  });

  it('answers what is asked outside of any call with no roots or an error, and hands log messages on', async () => {
    const answers: unknown[] = [];
    let stream: ScriptedExchange | undefined;
    const url = await scripted((exchange) => {
      const { body, request, response, reply } = exchange;
      if (request.method === 'GET') {
        stream = exchange;
        return void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      }
      if (body['method'] === undefined && request.method === 'POST') answers.push(body);
      if (body['method'] === undefined) return reply(202);
      return void answerLegacyHandshake(exchange);
    });
    const { connection, logs } = await connectTo(remoteLaunch(url), { knownEra: 'legacy' });
    await eventually(() => expect(stream).toBeDefined());
    const send = (message: object): void => void stream?.response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
    send({ id: 'a', method: 'ping' });
    send({ id: 'b', method: 'roots/list' });
    send({ id: 'c', method: 'sampling/createMessage', params: { messages: [] } });
    send({ method: 'notifications/message', params: { level: 'info', data: 'x' } });
    await eventually(() => expect(answers).toHaveLength(3));
    expect(answers).toContainEqual({ jsonrpc: '2.0', id: 'a', result: {} });
    expect(answers).toContainEqual({ jsonrpc: '2.0', id: 'b', result: { roots: [] } });
    expect(answers).toContainEqual(expect.objectContaining({ id: 'c', error: expect.objectContaining({ code: -32603 }) }));
    await eventually(() => expect(logs).toMatchObject<Partial<NotificationMessage>[]>([{ params: { data: 'x' } }]));
    await connection.close();
  });
});

describe('a modern server whose tool wants other headers than it listed', () => {
  it('is asked for its tools again, and the call is repeated once', async () => {
    let header = 'Old';
    const url = await scripted(({ body, request, reply, result }) => {
      const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
      if (body['method'] === 'server/discover') result({ ...modern, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } });
      else if (body['method'] === 'tools/list') {
        const inputSchema = { type: 'object', properties: { a: { type: 'integer', 'x-mcp-header': header } } };
        result({ ...modern, tools: [{ name: 't', inputSchema }] });
      } else if (request.headers['mcp-param-new'] === '5') result({ ...modern, content: [] });
      else reply(400, { jsonrpc: '2.0', id: body['id'], error: { code: -32020, message: 'HeaderMismatch' } });
    });
    const { connection } = await connectTo(remoteLaunch(url));
    header = 'New';
    const { outcome } = await connection.request(toolCall('t', { params: { name: 't', arguments: { a: 5 } } }));
    expect(outcome.result).toMatchObject({ content: [] });
    header = 'Other';
    const second = await connection.request(toolCall('t', { params: { name: 't', arguments: { a: 6 } } }));
    expect(second.outcome.error?.code).toBe(-32020);
    expect(server?.log.slice(2)).toEqual(['tools/call', 'tools/list', 'tools/call', 'tools/call', 'tools/list', 'tools/call']);
    await connection.close();
  });
});

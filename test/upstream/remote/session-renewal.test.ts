import { afterEach, expect, it } from 'vitest';
import { createLogger, deferred, isHubError, systemClock } from '../../../src/base/index.ts';
import { HttpTransport } from '../../../src/upstream/remote/http-transport.ts';
import {
  answerLegacyHandshake,
  type ScriptedExchange,
  type ScriptedHttpFixture,
  startScriptedHttp,
} from '../../fixtures/http/scripted-http.ts';
import { remoteLaunch } from '../../support/remote.ts';

let server: ScriptedHttpFixture | undefined;
let transport: HttpTransport | undefined;
afterEach(async () => {
  await transport?.close();
  await server?.close();
});

it('what waits for a new session is not sent when there is none after all', async () => {
  const renewal = deferred<ScriptedExchange>();
  let isRestarted = false;
  server = await startScriptedHttp((exchange) => {
    const { body, reply } = exchange;
    if (body['method'] === 'tools/call') {
      isRestarted = true;
      reply(404);
    } else if (isRestarted && body['method'] === 'initialize') renewal.resolve(exchange);
    // Notifications of a restarted server's clients it leaves without an answer.
    else if (!isRestarted) answerLegacyHandshake(exchange, { 'mcp-session-id': 'one' });
  });
  transport = new HttpTransport({ id: 'srv', launch: remoteLaunch(server.url), clock: systemClock, logger: createLogger([]) });
  await transport.open(new AbortController().signal);
  const isReady = deferred<void>();
  const isClosed = deferred<void>();
  transport.on('message', () => isReady.resolve());
  transport.on('closed', () => isClosed.resolve());
  void transport.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
  await isReady.promise;
  transport.setProtocolVersion('2025-06-18');
  void transport.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'x' } });
  const { result } = await renewal.promise;
  const told = transport.send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } });
  const outcome = Promise.resolve(told).catch((error: unknown) => (isHubError(error) ? error.code : error));
  // Another server than before: the connection as a whole is to be made anew.
  result({ protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'another', version: '0' } });
  await isClosed.promise;
  expect(await outcome).toBe('CONNECTION_ERROR');
  expect(server.log).toEqual(['initialize', 'tools/call', 'initialize']);
});

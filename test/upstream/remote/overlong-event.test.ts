import { afterEach, expect, it } from 'vitest';
import { answerLegacyHandshake, type ScriptedHttpFixture, startScriptedHttp } from '../../fixtures/http/scripted-http.ts';
import { connectTo, remoteLaunch, toolCall } from '../../support/remote.ts';

let server: ScriptedHttpFixture | undefined;

afterEach(() => server?.close());

it('says that an event is too long, and does not ask for it again where the stream could be resumed', async () => {
  server = await startScriptedHttp((exchange) => {
    if (answerLegacyHandshake(exchange)) return;
    const { response } = exchange;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1\nretry: 10\ndata:\n\n');
    response.write(`id: 2\ndata: ${'x'.repeat(500_000)}\n\n`);
  });
  const { connection } = await connectTo({ ...remoteLaunch(server.url), maxMessageBytes: 1_000 });
  await expect(connection.request(toolCall('work'))).rejects.toMatchObject({
    code: 'UPSTREAM_PROTOCOL',
    message: expect.stringContaining('sent a message of more than 1000 bytes'),
  });
  const gets = server.log.filter((method) => method === 'GET').length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(server.log.filter((method) => method === 'GET')).toHaveLength(gets);
  await connection.close();
});

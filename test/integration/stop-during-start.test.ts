import { expect, it, onTestFinished } from 'vitest';
import { startSlowInitialize } from '../fixtures/http/slow-initialize.ts';
import { eventually } from '../support/eventually.ts';
import { runHub } from '../support/in-process-hub.ts';

it('a hub that is stopped while a remote server works on initialize ends the session that the server makes all the same', async () => {
  const server = await startSlowInitialize('application/json');
  onTestFinished(() => server.close());
  const hub = await runHub({ mcpServers: { far: { url: server.url } } });
  await eventually(() => expect(server.waiting).toHaveLength(1));
  const stopping = hub.stop();
  setTimeout(() => server.waiting[0]?.(), 200);
  await stopping;
  expect(server.given).toEqual(['session-1']);
  expect(server.deleted).toEqual(['session-1']);
});

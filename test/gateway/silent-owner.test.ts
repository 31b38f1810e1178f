import { expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { type Answer, HubGateway } from '../../src/gateway/index.ts';
import { FakeUpstream, FakeUpstreams, listing, tool } from '../support/fake-upstream.ts';

it('says why the server that a name belongs to is not there, when nobody knows what it offers', async () => {
  const gateway = new HubGateway({
    upstreams: new FakeUpstreams(new FakeUpstream('github', undefined), new FakeUpstream('files', listing({ tools: [tool('read')] }))),
    hub: { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' },
    maxToolNameLength: () => 54,
    clock: systemClock,
    logger: silentLogger,
    onNote: () => {},
  });
  gateway.start();
  const call = (name: string): Promise<Answer> =>
    gateway.call({
      scope: { kind: 'all' },
      method: 'tools/call',
      params: { name },
      downstream: { principal: { id: 'local' }, era: 'legacy', protocolVersion: '2025-11-25' },
      signal: new AbortController().signal,
      notify: () => {},
    });
  const down = (await call('github__search')).outcome.result;
  expect(down).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code: 'SERVER_NOT_CONNECTED' } } });
  expect(JSON.stringify(down?.['content'])).toContain('github');
  const unknown = (await call('files__search')).outcome.error;
  expect(unknown?.message).toContain('Unknown tool: files__search');
  gateway.dispose();
});

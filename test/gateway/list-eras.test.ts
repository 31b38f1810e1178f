import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { HubGateway } from '../../src/gateway/index.ts';
import { type Era, LIST_KINDS, listMethod, metaKey } from '../../src/protocol/index.ts';
import { FakeUpstream, FakeUpstreams, listing, tool } from '../support/fake-upstream.ts';

const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
const odd = tool('x', { outputSchema: { type: 'array' } });
const task = tool('t', { execution: { taskSupport: 'optional' } });

let gateway: HubGateway | undefined;
afterEach(() => gateway?.dispose());

async function answered(era: Era, method: string, id?: string): Promise<readonly unknown[]> {
  gateway = new HubGateway({
    upstreams: new FakeUpstreams(new FakeUpstream('a', listing({ tools: [odd, task] }))),
    hub,
    maxToolNameLength: () => 54,
    clock: systemClock,
    logger: silentLogger,
    onNote: () => {},
  });
  gateway.start();
  const scope = id === undefined ? { kind: 'all' as const } : { kind: 'server' as const, id };
  const downstream = { principal: { id: 'local' }, era, protocolVersion: era === 'modern' ? '2026-07-28' : '2025-11-25' };
  const answer = await gateway.call({ scope, method, downstream, signal: new AbortController().signal, notify: () => {} });
  return [answer.era, answer.outcome.result];
}

const stamps = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
const of = (serverInfo: object): object => ({ _meta: { [metaKey.serverInfo]: serverInfo } });

describe('a list is answered in the shape of its client', () => {
  it('on the endpoint of all', async () => {
    const [legacyTools, modernTools] = [
      [tool('a__x'), tool('a__t')],
      [{ ...odd, name: 'a__x' }, tool('a__t')],
    ];
    expect(await answered('legacy', 'tools/list')).toEqual(['legacy', { tools: legacyTools, ...of(hub) }]);
    expect(await answered('modern', 'tools/list')).toEqual(['modern', { tools: modernTools, ...stamps, ...of(hub) }]);
  });

  it('on the endpoint of one', async () => {
    const own = expect.objectContaining({ _meta: expect.anything() });
    expect(await answered('legacy', 'tools/list', 'a')).toEqual(['legacy', own]);
    expect(await answered('legacy', 'tools/list', 'a')).toMatchObject(['legacy', { tools: [tool('x'), task] }]);
    expect(await answered('modern', 'tools/list', 'a')).toMatchObject(['modern', { tools: [odd, tool('t')], ...stamps }]);
  });

  it.each(LIST_KINDS.filter((kind) => kind !== 'tools'))('also one of %s, of which there are none', async (kind) => {
    expect(await answered('legacy', listMethod[kind])).toEqual(['legacy', { [kind]: [], ...of(hub) }]);
    expect(await answered('modern', listMethod[kind])).toEqual(['modern', { [kind]: [], ...stamps, ...of(hub) }]);
  });
});

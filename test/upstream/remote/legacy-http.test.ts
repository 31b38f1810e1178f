import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NotificationMessage } from '../../../src/protocol/index.ts';
import { type LegacyHttpFixture, startLegacyHttp } from '../../fixtures/http/legacy-http.ts';
import { eventually } from '../../support/eventually.ts';
import { connectTo, type Recorded, remoteLaunch, toolCall } from '../../support/remote.ts';

describe('a legacy server over Streamable HTTP', () => {
  let server: LegacyHttpFixture;
  let recorded: Recorded;

  beforeEach(async () => {
    server = await startLegacyHttp({ headers: { 'x-key': 'sesame' } });
    recorded = await connectTo(remoteLaunch(server.url, { headers: { 'X-Key': 'sesame' } }));
  });

  afterEach(async () => {
    await recorded.connection.close();
    await server.close();
  });

  it('settles the era by initialize after the probe is refused', () => {
    expect(recorded.connection.identity).toMatchObject({
      era: 'legacy',
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'legacy-fixture', version: '1.2.3' },
      instructions: 'Be kind.',
    });
    expect(server.seen.slice(0, 3).map(({ rpc }) => rpc)).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
  });

  it('lists every page, items untouched, and asks for no list that is not declared', () => {
    const { items } = recorded.connection.listing;
    expect(items.tools.map(({ name }) => name)).toEqual(['echo', 'slow', 'fail']);
    expect(items.tools[0]).toEqual({ name: 'echo', inputSchema: { type: 'object', 'x-new': 'echo' } });
    expect(items.resourceTemplates).toHaveLength(1);
    expect(server.seen.map(({ rpc }) => rpc)).not.toContain('prompts/list');
  });

  it('sends session, version and configured headers with every request', async () => {
    await recorded.connection.request(toolCall('echo'));
    const last = server.seen.findLast(({ rpc }) => rpc === 'tools/call');
    expect(last?.headers).toMatchObject({ 'mcp-protocol-version': '2025-11-25', 'x-key': 'sesame' });
    expect(server.sessions.has(String(last?.headers['mcp-session-id']))).toBe(true);
  });

  it('passes results and errors as they are, and fills in missing arguments', async () => {
    const { era, outcome } = await recorded.connection.request(toolCall('echo'));
    expect(era).toBe('legacy');
    expect(outcome.result).toEqual({ content: [{ type: 'text', text: '{}' }], custom: { kept: true } });
    const failed = await recorded.connection.request(toolCall('fail'));
    expect(failed.outcome.error).toMatchObject({ code: -32602, data: { hint: 'x' } });
  });

  it('keeps the envelope and retry fields from a legacy server', async () => {
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'com.example/trace': '1' };
    const params = { name: 'echo', arguments: { a: 1 }, requestState: 's', inputResponses: {}, _meta: meta };
    await recorded.connection.request(toolCall('echo', { params, origin: { principalId: 'local', era: 'modern' } }));
    expect(server.offer.calls.at(-1)).toEqual({ name: 'echo', arguments: { a: 1 }, _meta: { 'com.example/trace': '1' } });
  });

  it('leads progress and log messages to their requests, each with its own token', async () => {
    const call = async (progressToken: string | number): Promise<NotificationMessage[]> => {
      const told: NotificationMessage[] = [];
      await recorded.connection.request(
        toolCall('echo', { params: { name: 'echo', _meta: { progressToken } }, onNotification: (message) => void told.push(message) }),
      );
      return told;
    };
    const [a, b] = await Promise.all([call('a'), call(7)]);
    expect(a.map(({ method }) => method)).toEqual(['notifications/progress', 'notifications/message']);
    expect(a[0]?.params).toEqual({ progressToken: 'a', progress: 1, total: 2 });
    expect(b[0]?.params).toEqual({ progressToken: 7, progress: 1, total: 2 });
    expect(recorded.logs).toEqual([]);
  });

  it('cancels by notification and lives on', async () => {
    const aborter = new AbortController();
    const call = recorded.connection.request(toolCall('slow', { signal: aborter.signal }));
    await eventually(() => expect(server.offer.calls).toHaveLength(1));
    aborter.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => expect(server.offer.cancelled).toHaveLength(1));
    expect((await recorded.connection.request(toolCall('echo'))).outcome.result).toBeDefined();
  });

  it('tells the server when a request times out', async () => {
    await expect(recorded.connection.request(toolCall('slow', { timeoutMs: 100 }))).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('"srv" gave no answer to "tools/call" within 100 ms'),
    });
    await eventually(() => expect(server.offer.cancelled).toEqual(['The request timed out.']));
  });

  it('fetches the list again when it changed, and tells only of real changes', async () => {
    await eventually(() => expect(server.seen.some(({ method }) => method === 'GET')).toBe(true));
    await server.offer.announce();
    await eventually(() => expect(server.seen.filter(({ rpc }) => rpc === 'tools/list')).toHaveLength(4));
    await recorded.connection.request(toolCall('echo'));
    expect(recorded.listings).toHaveLength(0);
    await server.offer.change([['fresh']]);
    await eventually(() => expect(recorded.listings).toHaveLength(1));
    expect(recorded.connection.listing).toBe(recorded.listings[0]);
    expect(recorded.connection.listing.items.tools.map(({ name }) => name)).toEqual(['fresh']);
    expect(recorded.connection.listing.items.resources).toHaveLength(1);
  });

  it('subscribes by difference and tells of updates', async () => {
    await recorded.connection.setSubscribedResources(new Set(['test://a', 'test://b']));
    await recorded.connection.setSubscribedResources(new Set(['test://b', 'test://c']));
    expect(server.offer.subscribed).toEqual(['test://a', 'test://b', 'test://c']);
    expect(server.offer.unsubscribed).toEqual(['test://a']);
    await eventually(() => expect(server.seen.some(({ method }) => method === 'GET')).toBe(true));
    await server.offer.updated('test://b');
    await eventually(() => expect(recorded.updated).toEqual(['test://b']));
  });

  it('sets the log level where the server has logging', async () => {
    await recorded.connection.setLogLevel('warning');
    await recorded.connection.setLogLevel(undefined);
    expect(server.offer.levels).toEqual(['warning', 'info']);
  });

  it('has a new session when the server has forgotten the old one, and nothing is lost', async () => {
    await recorded.connection.setSubscribedResources(new Set(['file:///a']));
    await server.forget();
    const answers = await Promise.all(Array.from({ length: 4 }, () => recorded.connection.request(toolCall('echo'))));
    expect(answers.map(({ outcome }) => outcome.error)).toEqual([undefined, undefined, undefined, undefined]);
    expect(server.offer.calls).toHaveLength(4);
    expect(recorded.closed).toEqual([]);
    expect(server.seen.filter(({ rpc }) => rpc === 'initialize')).toHaveLength(2);
    await eventually(() => expect(server.seen.filter(({ rpc }) => rpc === 'resources/subscribe')).toHaveLength(2));
    await eventually(() => expect(server.seen.filter(({ rpc }) => rpc === 'resources/templates/list').length).toBeGreaterThan(1));
  });

  it('finds out by its stream that the session is gone, and hears of changes in the new one', async () => {
    await eventually(() => expect(server.seen.some(({ method }) => method === 'GET')).toBe(true));
    await server.forget();
    await eventually(() => expect(server.seen.filter(({ rpc }) => rpc === 'initialize')).toHaveLength(2));
    await eventually(() => expect(server.seen.filter(({ method }) => method === 'GET')).toHaveLength(3));
    await server.offer.change([['fresh']]);
    await eventually(() => expect(recorded.connection.listing.items.tools.map(({ name }) => name)).toEqual(['fresh']));
    expect(recorded.closed).toEqual([]);
  });

  it('ends the session with DELETE', async () => {
    await recorded.connection.close();
    expect(server.seen.at(-1)?.method).toBe('DELETE');
    expect(server.sessions.size).toBe(0);
    expect(recorded.closed).toEqual([]);
    await expect(recorded.connection.request(toolCall('echo'))).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
  });
});

describe('a legacy server that answers in plain JSON', () => {
  it('is served without streams', async () => {
    const server = await startLegacyHttp({ json: true });
    const { connection } = await connectTo(remoteLaunch(server.url), { knownEra: 'legacy' });
    expect(server.seen[0]?.rpc).toBe('initialize');
    expect((await connection.request(toolCall('echo'))).outcome.result).toBeDefined();
    await connection.close();
    await server.close();
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LegacySseFixture, startLegacySse } from '../../fixtures/http/legacy-sse.ts';
import { eventually } from '../../support/eventually.ts';
import { connectTo, remoteLaunch, toolCall } from '../../support/remote.ts';

describe('a server of the HTTP+SSE transport', () => {
  let server: LegacySseFixture;
  beforeEach(async () => void (server = await startLegacySse()));
  afterEach(() => server.close());

  it.each(['auto', 'sse'] as const)('is reached with transport "%s"', async (transport) => {
    const { connection } = await connectTo(remoteLaunch(server.url, { transport, headers: { 'x-key': 'k' } }));
    expect(connection.identity.era).toBe('legacy');
    expect(connection.listing.items.tools).toHaveLength(3);
    const { outcome } = await connection.request(toolCall('echo', { params: { name: 'echo', arguments: { a: 1 } } }));
    expect(outcome.result).toMatchObject({ content: [{ text: '{"a":1}' }] });
    expect(server.headers.every((headers) => headers['x-key'] === 'k')).toBe(true);
    await connection.close();
  });

  it('is not looked for with transport "http"', async () => {
    await expect(connectTo(remoteLaunch(server.url, { transport: 'http' }))).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining('HTTP 404'),
    });
  });

  it('hears of changes and cancels by notification', async () => {
    const { connection, listings } = await connectTo(remoteLaunch(server.url));
    const aborter = new AbortController();
    const call = connection.request(toolCall('slow', { signal: aborter.signal }));
    await eventually(() => expect(server.offer.calls).toHaveLength(1));
    aborter.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await eventually(() => expect(server.offer.cancelled).toHaveLength(1));
    await server.offer.change([['fresh']]);
    await eventually(() => expect(listings).toHaveLength(1));
    await connection.close();
  });

  it('is gone for good when its stream breaks', async () => {
    const { connection, closed } = await connectTo(remoteLaunch(server.url));
    const call = connection.request(toolCall('slow'));
    await eventually(() => expect(server.offer.calls).toHaveLength(1));
    await server.breakStreams();
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_ERROR', message: expect.stringContaining('event stream') });
    expect(closed).toEqual(['CONNECTION_ERROR']);
    await connection.close();
  });
});

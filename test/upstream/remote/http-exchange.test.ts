import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { HttpExchange } from '../../../src/upstream/remote/http-exchange.ts';
import { RequestHeaders } from '../../../src/upstream/remote/request-headers.ts';
import { serverRoad } from '../../../src/upstream/remote/server-road.ts';
import { remoteLaunch } from '../../support/remote.ts';

/** An address at which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/mcp`;
}

describe('an exchange', () => {
  it('leaves nothing at the signal of its request, which may be sent again and again', async () => {
    const server = serverRoad('a', remoteLaunch(await deadUrl()), () => {});
    const headers = new RequestHeaders(server.target, undefined, '2025-11-25');
    const { signal } = new AbortController();
    for (let n = 0; n < 3; n += 1) {
      const refused = await new Promise((resolve) => {
        const listener = { message: () => {}, ended: () => {}, sessionGone: () => {}, unreachable: resolve, isGone: async () => false };
        const context = { server, headers, clock: systemClock, maxResumptions: 0, listener };
        const request = { jsonrpc: '2.0', id: n, method: 'tools/call' } as const;
        new HttpExchange({ request, options: { signal }, refusals: 0 }, context).run();
      });
      expect(refused).toMatchObject({ code: 'CONNECTION_ERROR' });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
  });
});

import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { httpTarget } from '../../../src/upstream/remote/http-target.ts';
import { HttpExchange } from '../../../src/upstream/remote/http-exchange.ts';
import { sdkTransport } from '../../../src/upstream/remote/sdk-transport.ts';
import { remoteLaunch } from '../../support/remote.ts';

const peer = { id: 'a', label: 'http://127.0.0.1/mcp', redact: (text: string) => text };

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
    const target = httpTarget('a', remoteLaunch(await deadUrl()));
    const { signal } = new AbortController();
    for (let n = 0; n < 3; n += 1) {
      let refused = 0;
      const exchange = new HttpExchange(
        {
          request: { jsonrpc: '2.0', id: n, method: 'tools/call' },
          peer,
          clock: systemClock,
          inSession: false,
          on: { message: () => {}, ended: () => {}, sessionGone: () => {}, unreachable: () => (refused += 1), isGone: async () => false },
        },
        (watch) =>
          sdkTransport({
            peer,
            target,
            clock: systemClock,
            login: undefined,
            sessionId: undefined,
            protocolVersion: '2025-11-25',
            maxRetries: 0,
            onReached: () => {},
            ...watch,
          }),
      );
      await exchange.run({ signal });
      expect([refused, getEventListeners(signal, 'abort')]).toEqual([1, []]);
    }
  });
});

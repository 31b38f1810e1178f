import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JsonValue } from '../../src/protocol/index.ts';
import { body, method, version } from '../fuzz/arbitraries/messages.ts';
import { hubResult } from '../support/fake-gateway.ts';
import { type Harness, send, startHarness, startSession } from './harness.ts';

let harness: Harness;
let session: string;
beforeAll(async () => {
  harness = await startHarness({ maxBodyBytes: 20_000 });
  harness.gateway.on('tools/list', () => hubResult({ tools: [] }));
  session = await startSession(`${harness.url}/mcp`);
});
afterAll(() => harness.close());

const raw = fc.oneof(
  body.map((value) => Buffer.from(JSON.stringify(value))),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(Buffer.alloc(30_000, 0x5b)),
  fc.constant(Buffer.alloc(19_000, 0x5b)),
);
const headers = fc.record(
  {
    accept: fc.constantFrom('application/json', 'application/json', '*/*', 'text/html', ''),
    'content-type': fc.constantFrom('application/json', 'application/json', 'application/json', 'text/plain'),
    'mcp-protocol-version': version,
    'mcp-method': method,
    'mcp-name': fc.constantFrom('a', '=?base64?YQ==?=', '=?base64?**?='),
    'mcp-session-id': fc.constantFrom('known', 'known', 'unknown', ''),
  },
  { requiredKeys: ['accept', 'content-type'] },
);

it('answers whatever comes with JSON, never with a 500, always', async () => {
  await fc.assert(
    fc.asyncProperty(raw, headers, async (sentBody, sentHeaders) => {
      const named = sentHeaders['mcp-session-id'] === 'known' ? { ...sentHeaders, 'mcp-session-id': session } : sentHeaders;
      const reply = await send(`${harness.url}/mcp`, { body: sentBody, headers: named, signal: AbortSignal.timeout(2_000) });
      expect(reply.status).toBeLessThan(500);
      expect(reply.text === '').toBe(reply.status === 202);
      const parsed = reply.text === '' ? [] : (JSON.parse(reply.text) as JsonValue);
      for (const each of Array.isArray(parsed) ? parsed : [parsed]) expect(each).toMatchObject({ jsonrpc: '2.0' });
      expect(reply.headers['content-type']).toBe(reply.text === '' ? undefined : 'application/json');
    }),
    { numRuns: 500 },
  );
}, 60_000);

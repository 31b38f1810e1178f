import * as fc from 'fast-check';
import { headerList } from '../arbitraries/headers.ts';
import { body } from '../arbitraries/messages.ts';
import { text } from '../arbitraries/values.ts';
import { startFuzzedHub } from '../fuzzed-hub.ts';
import { sendRaw } from '../raw-http.ts';
import { cases, type Suite, type Target } from '../suite.ts';

const verb = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('POST', 'POST', 'GET', 'DELETE', 'HEAD', 'OPTIONS', 'PUT', 'PATCH') },
  { weight: 1, arbitrary: fc.constantFrom('CONNECT', 'TRACE', 'post', 'X', 'PRI', '') },
);
/** Without those that stop the hub, or begin something long. */
const target = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      '/mcp',
      '/mcp',
      '/mcp/echo',
      '/sse',
      '/messages?sessionId=known',
      '/api/health',
      '/api/servers',
      '/api/events',
      '/',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      'http://localhost/mcp',
      'http://evil.example/mcp',
      '//evil.example/mcp',
      '/mcp/%',
      '/%2e%2e/mcp',
      '/mcp?a=%FF',
    ),
  },
  { weight: 1, arbitrary: text.map((odd) => `/${odd.replace(/[\s\r\n]/g, '')}`) },
);
const lineEnd = fc.oneof(
  { weight: 30, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\n ', '\0\r\n') },
);
const httpVersion = fc.oneof(
  { weight: 20, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 1, arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'http/1.1', '') },
);

const wellFormed = fc.record({
  verb,
  target,
  httpVersion,
  headers: headerList,
  lineEnd,
  payload: fc.oneof(
    body.map((value) => Buffer.from(JSON.stringify(value))),
    fc.constant(Buffer.alloc(0)),
    fc.constant(Buffer.alloc(25_000, 'x')),
  ),
  isNamed: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});
const damagedBytes = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) });

type Parts = typeof wellFormed extends fc.Arbitrary<infer T> ? T : never;

function bytesOf({ verb: name, target: to, httpVersion: spoken, headers, lineEnd: end, payload, isNamed }: Parts, session: string): Buffer {
  const has = (wanted: string): boolean => headers.some(([header]) => header.toLowerCase() === wanted);
  const lines = [`${name} ${to} ${spoken}`];
  if (isNamed && !has('host')) lines.push('Host: localhost');
  if (!has('content-type')) lines.push('Content-Type: application/json');
  if (!has('accept')) lines.push('Accept: application/json, text/event-stream');
  if (payload.length > 0 && !has('content-length') && !has('transfer-encoding')) lines.push(`Content-Length: ${payload.length}`);
  for (const [header, value] of headers) lines.push(`${header}: ${value === 'known' ? session : value}`);
  return Buffer.concat([Buffer.from(`${lines.join(end)}${end}\r\n`, 'latin1'), payload]);
}

async function start(): Promise<Target> {
  const hub = await startFuzzedHub();
  let session = await hub.startSession();
  let count = 0;
  const check = cases(fc.tuple(wellFormed, damagedBytes), async ([parts, noise]) => {
    count += 1;
    if (count % 40 === 0) session = await hub.startSession();
    const whole = bytesOf(parts, session);
    // Noise in the middle of what would be a request.
    const bytes =
      noise === undefined
        ? whole
        : Buffer.concat([whole.subarray(0, noise.length * 3), Buffer.from(noise), whole.subarray(noise.length * 3)]);
    const { status, text: answer } = await sendRaw(hub.port, bytes);
    hub.noFailures();
    if (status !== undefined && status >= 500) throw new Error(answer);
  });
  return { check, alive: hub.alive, close: hub.close };
}

/** Requests as bytes on a socket: heads of every kind, also such as no library sends. */
export const headers: Suite = { name: 'headers', start };

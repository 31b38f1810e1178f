import * as fc from 'fast-check';
import { method, version } from './messages.ts';

const odd = fc.constantFrom(
  '',
  ' ',
  ',',
  ';',
  '"',
  '\\',
  '*',
  '0',
  '-1',
  'x'.repeat(3_000),
  '=?base64?YQ==?=',
  '=?base64?**?=',
  'null',
  'é',
  '%00',
);
const anything = fc.oneof(odd, fc.string({ unit: fc.constantFrom(...'abAB09-_.:;,/=*?"\' \t\u00e9\u00ff') }));
const or = (right: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: anything });

const host = fc.constantFrom(
  'localhost',
  '127.0.0.1',
  '[::1]',
  'evil.example',
  'localhost:1',
  'localhost.',
  'LOCALHOST',
  'a@localhost',
  'localhost/x',
  '[',
);
const origin = fc.constantFrom('http://localhost:1', 'null', 'https://evil.example', 'http://', 'http://localhost@evil.example', 'file://');
const type = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-16',
  'text/plain',
  'text/event-stream',
);
const accept = fc.constantFrom(
  'application/json, text/event-stream',
  'application/json',
  'text/event-stream',
  '*/*',
  '*/*;q=0',
  'text/html',
  'a/b;q=9,',
);

/** Headers that the hub reads, each with values that mean something to it and values that mean nothing. */
const KNOWN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  Host: host,
  Origin: origin,
  'Content-Type': type,
  Accept: accept,
  'Mcp-Session-Id': fc.constantFrom('known', 'known', 'unknown'),
  'Mcp-Protocol-Version': version,
  'Mcp-Method': method,
  'Mcp-Name': fc.constantFrom('echo__echo', '=?base64?ZWNobw==?='),
  'Mcp-Param-A': fc.constantFrom('1', '=?base64?MQ==?='),
  'Last-Event-ID': fc.constantFrom('1', 'known', '0-0', '999999999999999999999'),
  Authorization: fc.constantFrom('Bearer x', 'Basic eDp5', 'Bearer', 'bearer a b c'),
  'Content-Length': fc.constantFrom('0', '5', '-5', '99999999999', '1e3', '0x10', '5, 5'),
  'Transfer-Encoding': fc.constantFrom('chunked', 'gzip', 'chunked, chunked', 'identity'),
  'Content-Encoding': fc.constantFrom('gzip', 'br', 'identity'),
  Expect: fc.constantFrom('100-continue', '200-ok'),
  Connection: fc.constantFrom('close', 'keep-alive', 'upgrade', 'host', 'close, upgrade'),
  Upgrade: fc.constantFrom('websocket', 'h2c', 'mcp-stdio'),
  'Sec-Fetch-Site': fc.constantFrom('cross-site', 'same-origin', 'same-site', 'none'),
  'Sec-Fetch-Mode': fc.constantFrom('navigate', 'cors', 'websocket'),
  'X-Forwarded-For': fc.constantFrom('1.2.3.4', '127.0.0.1'),
  Forwarded: fc.constantFrom('for=1.2.3.4', 'host=localhost'),
  'If-Match': fc.constantFrom('*', '"v1"', 'W/"v1"'),
  Cookie: fc.constantFrom('a=b', '__proto__=1'),
};

const known = fc
  .constantFrom(...Object.keys(KNOWN))
  .chain((name) => or(KNOWN[name] ?? anything).map((value): [string, string] => [name, value]));
const unknown = fc.tuple(fc.string({ unit: fc.constantFrom(...'abcX-_0'), minLength: 1, maxLength: 12 }), anything);

/** Pairs of names and values, in their order, some of them twice. */
export const headerList = fc.array(fc.oneof({ weight: 6, arbitrary: known }, { weight: 1, arbitrary: unknown }), { maxLength: 8 });

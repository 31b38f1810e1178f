import * as fc from 'fast-check';

const body = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.nat({ max: 150_000 }).map((length) => Buffer.alloc(length, 'body of an answer ')) },
);
const statusLine = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 299 ', 'HTTP/1.1 500 \u00e4') },
  { weight: 2, arbitrary: fc.constantFrom('HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified', 'HTTP/1.0 200 OK', 'HTTP/1.1 200') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HTTP/2 200 OK', 'http/1.1 200 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 2000', 'ICY 200 OK', ''),
  },
);
const value = fc.oneof(
  fc.constantFrom('a', 'a b', ' a ', '\t', '', 'caf\u00e9', 'a, b', '"q\\""', 'a:b'),
  fc.string({ maxLength: 12 }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
);
const field = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('x-a', 'X-A', 'Date', 'content-type', "x!#$%&'*+.^_`|~9"), value).map(([n, v]) => `${n}:${v}`),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('Connection: close', 'connection: keep-alive', 'Keep-Alive: timeout=5', 'keep-alive: timeout=1, max=9'),
  },
  { weight: 1, arbitrary: fc.constantFrom('x-fold: a\r\n b', 'set-cookie: a=1', 'Set-Cookie: b=2', '__proto__: x', 'constructor: y') },
);
const badField = fc.constantFrom(
  'no colon',
  ' x-first: folded',
  'x a: b',
  'x-a : b',
  ': b',
  'x-a: b\nx-b: c',
  'x-a: b\rx-b: c',
  'x-a: \u0000',
  'x-a: \u007f',
  'Content-Length: 3',
  'content-length: -1',
  'content-length: +1',
  'content-length: 1, 1',
  'content-length: 0x1',
  'content-length: 99999999999999999999',
  'content-length: ',
  'Transfer-Encoding: gzip, chunked',
  'transfer-encoding: identity',
  'transfer-encoding: chunked',
  'transfer-encoding: chunked\r\ntransfer-encoding: chunked',
  'transfer-encoding: xchunked',
);
const few = <T>(one: T): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(one) });

const chunkSize = fc
  .tuple(fc.nat({ max: 60 }), fc.constantFrom('', '', '', ';a', ';a=b', '; a="b;c"', ' ;x'))
  .map(([size, more]) => ({ size, more }));
const trailers = fc.constantFrom('', '', '', 'x-t: 1\r\n', 'x-t: 1\r\nx-u: 2\r\n');

type Framing = 'length' | 'chunked' | 'close';

function chunked(whole: Buffer, sizes: readonly { readonly size: number; readonly more: string }[], end: string): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const { size, more } of [...sizes, { size: whole.length, more: '' }]) {
    const piece = whole.subarray(at, at + size);
    if (piece.length === 0) continue;
    at += piece.length;
    parts.push(Buffer.from(`${piece.length.toString(16)}${more}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${end}\r\n`)]);
}

interface Parts {
  readonly before: string | undefined;
  readonly line: string;
  readonly fields: readonly string[];
  readonly bad: string | undefined;
  readonly framing: Framing;
  readonly whole: Buffer;
  readonly sizes: readonly { readonly size: number; readonly more: string }[];
  readonly end: string;
}

function answerOf({ before, line, fields, bad, framing, whole, sizes, end }: Parts): Buffer {
  const frame = framing === 'length' ? [`Content-Length: ${whole.length}`] : framing === 'chunked' ? ['Transfer-Encoding: chunked'] : [];
  const lines = [line, ...fields, ...(bad === undefined ? [] : [bad]), ...frame];
  const head = Buffer.from(`${before ?? ''}${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return Buffer.concat([head, framing === 'chunked' ? chunked(whole, sizes, end) : whole]);
}

/** The bytes of an answer over HTTP/1.1, and whether there is anything about it that may be refused, or hangs on the connection's end. */
export interface HttpAnswer {
  readonly bytes: Buffer;
  readonly isPlain: boolean;
}

const made: fc.Arbitrary<HttpAnswer> = fc
  .record({
    before: few('HTTP/1.1 100 Continue\r\n\r\n'),
    line: statusLine,
    fields: fc.array(field, { maxLength: 4 }),
    bad: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: badField }),
    framing: fc.constantFrom<Framing>('length', 'length', 'chunked', 'close'),
    whole: body,
    sizes: fc.array(chunkSize, { maxLength: 4 }),
    end: trailers,
  })
  .map((parts) => ({
    bytes: answerOf(parts),
    isPlain: parts.bad === undefined && parts.framing !== 'close' && /^HTTP\/1\.1 (?:200|404|500)/.test(parts.line),
  }));

/** One byte is another, or more than before; or something is left out. */
const change = fc.record({
  at: fc.nat({ max: 200 }),
  cut: fc.nat({ max: 3 }),
  put: fc.constantFrom('', '\r', '\n', '\r\n', ' ', ':', '0', 'f', ';', '\u0000', '\u00ff'),
});

/** Answers over HTTP/1.1, well made or not. */
export const httpAnswer: fc.Arbitrary<HttpAnswer> = fc.oneof(
  { weight: 2, arbitrary: made },
  {
    weight: 1,
    arbitrary: fc.tuple(made, change).map(([{ bytes }, { at, cut, put }]) => ({
      bytes: Buffer.concat([bytes.subarray(0, at), Buffer.from(put, 'latin1'), bytes.subarray(at + cut)]),
      isPlain: false,
    })),
  },
);

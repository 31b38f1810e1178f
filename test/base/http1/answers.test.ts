import { describe, expect, it } from 'vitest';
import { answerName, CHUNKED, readAnswerHead, UNTIL_CLOSE } from '../../../src/base/http1/answer-head.ts';
import { AnswerReader } from '../../../src/base/http1/answer-reader.ts';
import { BadAnswer } from '../../../src/base/http1/bad-answer.ts';
import { ChunkedBody } from '../../../src/base/http1/chunked-body.ts';
import { FieldNames } from '../../../src/base/http1/field-names.ts';

const OK = 'HTTP/1.1 200 OK';
const names = new FieldNames(answerName);

function head(...lines: readonly string[]) {
  return readAnswerHead(lines.join('\r\n'), names);
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof BadAnswer)) throw error;
    return error.code;
  }
}

describe('the head of an answer', () => {
  it('is its status and its headers, by names in lower case', () => {
    expect(head('HTTP/1.1 404 Not Found', 'Content-Type:  text/plain\t', 'X-A:', 'x-b: a:b', 'Content-Length: 12')).toEqual({
      status: 404,
      headers: { 'content-type': 'text/plain', 'x-a': '', 'x-b': 'a:b', 'content-length': '12' },
      length: 12,
      keepMs: 4_000,
    });
  });

  it('has several headers of one name as one, but for cookies', () => {
    const { headers } = head(OK, 'x-a: 1', 'Set-Cookie: a=1', 'X-A: 2', 'set-cookie: b=2', 'constructor: c');
    expect(headers).toEqual({ 'x-a': '1, 2', 'set-cookie': ['a=1', 'b=2'], constructor: 'c' });
  });

  it.each([
    ['HTTP/1.1 200', 200],
    ['HTTP/1.1 299 ', 299],
    ['HTTP/1.0 500 caf\u00e9', 500],
    ['HTTP/1.1 103 Early Hints', 103],
  ])('has a status: %j', (line, status) => {
    expect(head(line).status).toBe(status);
  });

  it.each([
    [[], UNTIL_CLOSE],
    [['content-length: 0'], 0],
    [['transfer-encoding: Chunked'], CHUNKED],
    [['content-length: 999999999999999'], 999_999_999_999_999],
  ])('says how long the body is: %j', (lines, length) => {
    expect(head(OK, ...lines).length).toBe(length);
  });

  it.each(['204 No Content', '304 Not Modified', '100 Continue'])('says that there is none: %s', (status) => {
    expect(head(`HTTP/1.1 ${status}`, 'content-length: 9').length).toBe(0);
  });

  it.each([
    [['content-length: 1'], 4_000],
    [['content-length: 1', 'keep-alive: timeout=5, max=100'], 3_000],
    [['content-length: 1', 'keep-alive: max=100, timeout=5'], 3_000],
    [['content-length: 1', 'keep-alive: timeout=1'], 0],
    [['content-length: 1', 'keep-alive: timeout=99999999'], 600_000],
    [['content-length: 1', 'keep-alive: xtimeout=5'], 4_000],
    [['content-length: 1', 'connection: close'], 0],
    [['content-length: 1', 'connection: upgrade, Close'], 0],
    [['content-length: 1', 'connection: keep-alive'], 4_000],
    [[], 0],
  ])('says how long the connection is kept: %j', (lines, keepMs) => {
    expect(head(OK, ...lines).keepMs).toBe(keepMs);
  });

  it.each([
    ['', 'HPE_INVALID_CONSTANT'],
    ['HTTP/2 200 OK', 'HPE_INVALID_CONSTANT'],
    ['http/1.1 200 OK', 'HPE_INVALID_CONSTANT'],
    ['HTTP/1.10 200 OK', 'HPE_INVALID_CONSTANT'],
    ['ICY 200 OK', 'HPE_INVALID_CONSTANT'],
    ['HTTP/1.1 20 OK', 'HPE_INVALID_STATUS'],
    ['HTTP/1.1 2000 OK', 'HPE_INVALID_STATUS'],
    ['HTTP/1.1 099 OK', 'HPE_INVALID_STATUS'],
    ['HTTP/1.1  200 OK', 'HPE_INVALID_STATUS'],
    ['HTTP/1.1 200 OK\rx', 'HPE_INVALID_STATUS'],
    ['HTTP/1.0 100 Continue', 'HPE_INVALID_STATUS'],
  ])('is refused with another first line: %j', (line, code) => {
    expect(codeOf(() => head(line))).toBe(code);
  });

  it.each([
    ['no colon', 'HPE_INVALID_HEADER_TOKEN'],
    [': b', 'HPE_INVALID_HEADER_TOKEN'],
    ['x a: b', 'HPE_INVALID_HEADER_TOKEN'],
    ['x-a : b', 'HPE_INVALID_HEADER_TOKEN'],
    [' x-a: b', 'HPE_INVALID_HEADER_TOKEN'],
    ['x-a: b\r\n folded', 'HPE_INVALID_HEADER_TOKEN'],
    ['x-a: b\nx-b: c', 'HPE_INVALID_HEADER_TOKEN'],
    ['x-a: b\rx-b: c', 'HPE_INVALID_HEADER_TOKEN'],
    ['x-a: \u0000', 'HPE_INVALID_HEADER_TOKEN'],
    ['content-length: -1', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length: +1', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length: 1, 1', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length: 1\r\ncontent-length: 1', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length: 0x1', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length: 1234567890123456', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length:', 'HPE_INVALID_CONTENT_LENGTH'],
    ['content-length: 1\r\ntransfer-encoding: chunked', 'HPE_INVALID_CONTENT_LENGTH'],
    ['transfer-encoding: gzip, chunked', 'HPE_INVALID_TRANSFER_ENCODING'],
    ['transfer-encoding: identity', 'HPE_INVALID_TRANSFER_ENCODING'],
    ['transfer-encoding: chunked\r\ntransfer-encoding: chunked', 'HPE_INVALID_TRANSFER_ENCODING'],
  ])('is refused with such lines: %j', (line, code) => {
    expect(codeOf(() => head(OK, line))).toBe(code);
  });
});

/** Reads heads that come in pieces, none of which need be the last. @returns the statuses of the answers that have begun */
function begun(...pieces: readonly string[]): readonly number[] {
  const statuses: number[] = [];
  const reader = new AnswerReader(names, { head: ({ status }) => void statuses.push(status), data: () => true });
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    for (let at = 0; at < bytes.length && !reader.isOver; ) at = reader.read(bytes, at);
  }
  return statuses;
}

describe('a head that has not come as a whole', () => {
  it.each(['HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 0\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n'])(
    'is read wherever it is cut: %j',
    (whole) => {
      expect(begun(...whole)).toHaveLength(1);
      for (let at = 1; at < whole.length; at += 1) expect(begun(whole.slice(0, at), whole.slice(at))).toHaveLength(1);
    },
  );

  // What is waited for would never come, on a connection that the server keeps open.
  it.each([
    ['HTTP/1.1 200 OK\ncontent-length: 2\n\n{}', 'HPE_STRICT'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\n\n{}', 'HPE_STRICT'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\n{}', 'HPE_STRICT'],
    ['HTTP/1.1 200 OK\r\rcontent-length: 2', 'HPE_STRICT'],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\n', 'HPE_STRICT'],
    ['\nHTTP/1.1 200 OK', 'HPE_INVALID_CONSTANT'],
  ])('is refused as soon as it can be none: %j', (text, code) => {
    expect(codeOf(() => begun(text))).toBe(code);
    expect(codeOf(() => begun(...text))).toBe(code);
  });
});

/** Reads pieces; what comes of them, and how much of the last one was read. */
function read(...pieces: readonly string[]): { readonly text: string; readonly isOver: boolean; readonly end: number } {
  const body = new ChunkedBody();
  let text = '';
  let end = 0;
  for (const piece of pieces) end = body.read(Buffer.from(piece, 'latin1'), 0, { data: (bytes) => ((text += bytes.toString()), true) });
  return { text, isOver: body.isOver, end };
}

describe('a body in chunks', () => {
  it.each([
    ['3\r\nabc\r\n0\r\n\r\n', 'abc'],
    ['0\r\n\r\n', ''],
    ['003\r\nabc\r\nA;a;b=c;d="e f"\r\n0123456789\r\n0\r\n\r\n', 'abc0123456789'],
    ['3\r\nabc\r\n0\r\nx-t: 1\r\nx-u:\r\n\r\n', 'abc'],
  ])('is read wherever it is cut: %j', (whole, text) => {
    expect(read(whole)).toEqual({ text, isOver: true, end: whole.length });
    expect(read(...whole)).toEqual({ text, isOver: true, end: 1 });
    expect(read(`${whole}more`)).toEqual({ text, isOver: true, end: whole.length });
    expect(read(whole.slice(0, -1)).isOver).toBe(false);
  });

  it('is read no further when nobody wants more', () => {
    const body = new ChunkedBody();
    expect(body.read(Buffer.from('3\r\nabc\r\n0\r\n\r\n'), 0, { data: () => false })).toBe(6);
  });

  it.each([
    ['\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['g\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['-1\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['0x1\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['1 \r\n', 'HPE_INVALID_CHUNK_SIZE'],
    [' 1\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['fffffffffffff\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['1;\u0000\r\n', 'HPE_INVALID_CHUNK_SIZE'],
    ['1\nx\r\n', 'HPE_STRICT'],
    ['1\r\nxy\r\n', 'HPE_STRICT'],
    ['1\r\nx\n', 'HPE_STRICT'],
    ['0\r\nno colon\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    ['0\r\n x: y\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    [`1;${'a'.repeat(20_000)}`, 'HPE_HEADER_OVERFLOW'],
    [`0\r\n${'x: y\r\n'.repeat(5_000)}`, 'HPE_HEADER_OVERFLOW'],
  ])('is refused with such lines: %j', (whole, code) => {
    expect(codeOf(() => read(whole))).toBe(code);
    expect(codeOf(() => read(...whole))).toBe(code);
  });
});

describe('names that come with every answer', () => {
  it('are judged once, and others are not remembered without end', () => {
    const judged: string[] = [];
    const known = new FieldNames((name) => {
      judged.push(name);
      return name.toLowerCase();
    });
    for (let turn = 0; turn < 3; turn += 1) expect(known.of('Date')).toBe('date');
    expect(judged).toEqual(['Date']);
    for (let turn = 0; turn < 2; turn += 1) for (let at = 0; at < 1_000; at += 1) known.of(`x-${at}`);
    expect(judged.length).toBeGreaterThan(1_000);
  });
});

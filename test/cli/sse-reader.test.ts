import { describe, expect, it } from 'vitest';
import { SseReader } from '../../src/cli/sse-reader.ts';

const stream =
  'event: hub_state\nid: 1\ndata: {"a":1}\n\n: ping\n\ndata: one\ndata: two\n\nevent: log\r\ndata:x\r\n\r\nretry: 5\n\nevent: unfinished\ndata: y';

const events = [
  { name: 'hub_state', id: '1', data: '{"a":1}' },
  { name: 'message', id: '1', data: 'one\ntwo' },
  { name: 'log', id: '1', data: 'x' },
];

describe('SseReader', () => {
  it.each([1, 2, 3, 7, 1000])('cuts a stream into events, in chunks of %d', (size) => {
    const reader = new SseReader();
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, at) => stream.slice(at * size, (at + 1) * size));
    expect(chunks.flatMap((chunk) => reader.push(chunk))).toEqual(events);
  });

  it('refuses an event that never ends', () => {
    const reader = new SseReader();
    const line = `data: ${'x'.repeat(8 * 1024 * 1024)}\n`;
    expect(() => {
      for (let count = 0; count < 10; count += 1) reader.push(line);
    }).toThrow(RangeError);
  });
});

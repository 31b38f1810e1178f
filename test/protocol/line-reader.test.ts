import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader, type OverlongLine } from '../../src/protocol/index.ts';

function reader(maxLineBytes = 1024 * 1024) {
  const lines: string[] = [];
  const overlong: OverlongLine[] = [];
  return {
    lines,
    overlong,
    reader: new LineReader({
      maxLineBytes,
      onLine: (line) => lines.push(line.toString('utf8')),
      onOverlong: (line) => overlong.push(line),
    }),
  };
}

describe('LineReader', () => {
  it('gives the same lines wherever the chunks were cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '))),
        fc.integer({ min: 1, max: 9 }),
        (texts, size) => {
          const { lines, reader: reads } = reader();
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          for (let at = 0; at < bytes.length; at += size) reads.push(bytes.subarray(at, at + size));
          expect(lines).toEqual(texts);
        },
      ),
    );
  });

  it('gives a last line that lacks its end', () => {
    const { lines, reader: reads } = reader();
    reads.push(Buffer.from('one\ntwo'));
    expect(lines).toEqual(['one']);
    reads.end();
    reads.end();
    expect(lines).toEqual(['one', 'two']);
  });

  it('skips a line over the limit and reads on', () => {
    const { lines, overlong, reader: reads } = reader(1_000);
    const long = `{"id":7,${'x'.repeat(5_000)},"end":true}`;
    const bytes = Buffer.from(`before\n${long}\nafter\n`);
    for (let at = 0; at < bytes.length; at += 100) reads.push(bytes.subarray(at, at + 100));
    expect(lines).toEqual(['before', 'after']);
    expect(overlong).toEqual([{ bytes: long.length, head: long.slice(0, 256), tail: long.slice(-256) }]);
  });

  it('shows the beginning and the end of a line over the limit wherever the chunks were cut', () => {
    const text = Array.from({ length: 300 }, (_, n) => `${n},`).join('');
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), fc.integer({ min: 256, max: 1_000 }), (sizes, limit) => {
        const { overlong, reader: reads } = reader(limit);
        const bytes = Buffer.from(`${text}\n`);
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 1;
          reads.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(overlong).toEqual([{ bytes: text.length, head: text.slice(0, 256), tail: text.slice(-256) }]);
      }),
    );
  });

  it('tells of the bytes of a long line as they come, and of no other', () => {
    const told: number[] = [];
    const nothing = (): void => undefined;
    const MIB = 1024 * 1024;
    const reads = new LineReader({ maxLineBytes: 10 * MIB, onLine: nothing, onOverlong: nothing, onLong: (bytes) => told.push(bytes) });
    for (let n = 0; n < 12; n += 1) reads.push(Buffer.alloc(MIB, 'x'));
    expect(told).toEqual([MIB, MIB, MIB, MIB]);
    reads.push(Buffer.from('\nshort\n'));
    expect(told).toHaveLength(4);
  });

  it('takes a line of exactly the limit', () => {
    const { lines, overlong, reader: reads } = reader(10);
    reads.push(Buffer.from('0123456789\n0123456789A\n'));
    expect(lines).toEqual(['0123456789']);
    expect(overlong).toHaveLength(1);
  });

  it('needs time linear in the length of a line', () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const time = (chunks: number): number => {
      const { reader: reads } = reader(1024 * 1024 * 1024);
      const startMs = performance.now();
      for (let at = 0; at < chunks; at += 1) reads.push(chunk);
      reads.push(Buffer.from('\n'));
      return performance.now() - startMs;
    };
    time(160);
    // 40 MB in 640 chunks; copying what is there already for each chunk would move 13 GB and take seconds.
    expect(time(640)).toBeLessThan(1_000);
  });
});

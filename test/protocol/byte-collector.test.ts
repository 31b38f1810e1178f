import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteCollector } from '../../src/protocol/index.ts';

const KIB = 1024;

const PATTERN = Buffer.from(Array.from({ length: 18 * KIB * KIB }, (_, at) => at % 251));

function chunksOf(sizes: readonly number[]): { readonly chunks: readonly Buffer[]; readonly whole: Buffer } {
  let at = 0;
  const chunks = sizes.map((size) => PATTERN.subarray(at, (at += size)));
  return { chunks, whole: PATTERN.subarray(0, at) };
}

describe('collected bytes', () => {
  it('are the same bytes, however they were cut, and whatever was told of their length', () => {
    const sizes = fc.array(fc.oneof(fc.nat(2_000), fc.constantFrom(0, 1, 64 * KIB, 700 * KIB, KIB * KIB, 3 * KIB * KIB)), { maxLength: 6 });
    const told = fc.constantFrom(undefined, 0, -1, 1, 1_000_000);
    fc.assert(
      fc.property(sizes, told, (some, wrongBy) => {
        const { chunks, whole } = chunksOf(some);
        const collector = new ByteCollector();
        if (wrongBy !== undefined) collector.expect(whole.length + wrongBy);
        for (const chunk of chunks) collector.add(chunk);
        expect(collector.length).toBe(whole.length);
        expect(collector.take().equals(whole)).toBe(true);
        expect([collector.length, collector.take().length]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });

  it('are the same where each chunk is overwritten after it was added', () => {
    const sizes = fc.array(fc.oneof(fc.nat(2_000), fc.constantFrom(0, 1, 64 * KIB, 700 * KIB, KIB * KIB, 3 * KIB * KIB)), { maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.constantFrom(undefined, 0, -1, 1, 1_000_000), (some, wrongBy) => {
        const { chunks, whole } = chunksOf(some);
        const collector = new ByteCollector();
        if (wrongBy !== undefined) collector.expect(whole.length + wrongBy);
        for (const chunk of chunks) {
          const passing = Buffer.from(chunk);
          collector.addCopyOf(passing);
          passing.fill(0xff);
        }
        expect(collector.length).toBe(whole.length);
        expect(collector.take().equals(whole)).toBe(true);
        expect([collector.length, collector.take().length]).toEqual([0, 0]);
      }),
      { numRuns: 50 },
    );
  });

  it('are not copied where they came at once', () => {
    const collector = new ByteCollector();
    const chunk = Buffer.from('all of it');
    collector.add(chunk);
    const whole = collector.take();
    expect([whole.buffer === chunk.buffer, whole.byteOffset, whole.length]).toEqual([true, chunk.byteOffset, chunk.length]);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogBuffer } from '../../../src/upstream/process/log-buffer.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const plain = (text: string): string => text;
const texts = (buffer: LogBuffer): string[] => buffer.tail().map((line) => line.text);

describe('LogBuffer', () => {
  it('makes lines with the time they began', async () => {
    const clock = new FakeClock(0);
    const buffer = new LogBuffer({ clock, redact: plain });
    buffer.append(Buffer.from('one\nt'));
    await clock.advance(5);
    buffer.append(Buffer.from('wo\r\nthree'));
    expect(buffer.tail()).toEqual([
      { atMs: 0, text: 'one' },
      { atMs: 0, text: 'two' },
      { atMs: 5, text: 'three' },
    ]);
  });

  it('gives the same lines wherever the chunks were cut', () => {
    const text = 'Grüße\n\n€ and 😀\nlast';
    fc.assert(
      fc.property(fc.array(fc.nat({ max: Buffer.byteLength(text) })), (cuts) => {
        const bytes = Buffer.from(text);
        const buffer = new LogBuffer({ clock: new FakeClock(), redact: plain });
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        edges.slice(1).forEach((edge, at) => buffer.append(bytes.subarray(edges[at], edge)));
        expect(texts(buffer)).toEqual(['Grüße', '', '€ and 😀', 'last']);
      }),
    );
  });

  it('keeps the last lines only', () => {
    const buffer = new LogBuffer({ clock: new FakeClock(), redact: plain, maxLines: 3 });
    for (let at = 0; at < 100; at += 1) buffer.append(Buffer.from(`line ${at}\n`));
    expect(texts(buffer)).toEqual(['line 97', 'line 98', 'line 99']);
  });

  it('keeps the last bytes only, and says that the first line is cut', () => {
    const buffer = new LogBuffer({ clock: new FakeClock(), redact: plain, maxBytes: 20 });
    buffer.append(Buffer.from(`${'x'.repeat(100)}secret\nabc\ndef\n`));
    expect(texts(buffer)).toEqual(['… (output before this was dropped)', 'abc', 'def']);
    buffer.append(Buffer.from('0123456789\n0123456789\n'));
    buffer.append(Buffer.from('0123456789\n0123456789\n'));
    expect(texts(buffer).at(-1)).toBe('0123456789');
  });

  it('cuts a line without end, after redaction', () => {
    const buffer = new LogBuffer({ clock: new FakeClock(), redact: (text) => text.replaceAll('hunter2', '***'), maxLineLength: 10 });
    buffer.append(Buffer.from(`12345hunter2${'x'.repeat(50)}`));
    expect(texts(buffer)).toEqual(['12345***xx…']);
  });

  it('takes colours out', () => {
    const buffer = new LogBuffer({ clock: new FakeClock(), redact: plain });
    buffer.append(Buffer.from('\u001B[31mred\u001B[0m\n'));
    expect(texts(buffer)).toEqual(['red']);
  });

  it('takes a flood in next to no time', () => {
    const buffer = new LogBuffer({ clock: new FakeClock(), redact: plain });
    const chunk = Buffer.from('a line of the flood\n'.repeat(3_000));
    const startMs = performance.now();
    for (let at = 0; at < 20_000; at += 1) buffer.append(chunk);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(texts(buffer)).toHaveLength(500);
  });
});

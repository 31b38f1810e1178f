import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../../src/protocol/index.ts';

interface Heard {
  readonly events: { readonly event?: string | undefined; readonly id?: string | undefined; readonly data: string | undefined }[];
  readonly retries: number[];
  readonly reader: EventReader;
}

function heard(chunks: readonly Buffer[], maxBytes = 1_000): Heard {
  const events: Heard['events'] = [];
  const retries: number[] = [];
  const reader = new EventReader({
    maxBytes,
    onEvent: ({ event, id, data }) => void events.push({ event, id, data: data?.toString() }),
    onRetry: (delayMs) => void retries.push(delayMs),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { events, retries, reader };
}

const eventsOf = (text: string) => heard([Buffer.from(text)]).events;

/** Cuts bytes into chunks of these sizes, over and over. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let from = 0, n = 0; from < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return chunks;
}

describe('an event stream', () => {
  it.each([
    ['data: a\n\n', [{ data: 'a' }]],
    ['data:a\r\n\r\ndata:  b\r\r', [{ data: 'a' }, { data: ' b' }]],
    ['event: message\nid: 1\ndata: {\ndata: }\n\n', [{ event: 'message', id: '1', data: '{\n}' }]],
    ['\uFEFFdata: a\n\n\n\ndata\n\n', [{ data: 'a' }, { data: '' }]],
    [': comment\nwhatever: x\nlongername: y\ndata: a\n\n', [{ data: 'a' }]],
    ['id: 7\n\nid: 8\ndata:\n\n', [{ id: '7' }, { id: '8', data: '' }]],
    ['id: a\0b\nevent:\ndata: a\n\n', [{ data: 'a' }]],
    ['event: x\n\ndata: a\n\ndata: without an end', [{ data: 'a' }]],
  ])('%j', (text, expected) => {
    expect(eventsOf(text)).toEqual(expected);
  });

  it('says how long to wait, where that is a number', () => {
    expect(heard([Buffer.from('retry: 100\nretry: soon\nretry: -1\nretry: 5\n\n')]).retries).toEqual([100, 5]);
  });

  it('says how much it holds, and tells of no event that is too long', () => {
    const { reader, events } = heard([Buffer.from('data: 12345\ndata: 678')], 10);
    expect(reader.held).toBe(5 + 'data: 678'.length);
    reader.push(Buffer.from('90\n\n'));
    expect(events).toMatchObject([{ data: '12345\n67890' }]);
    expect([reader.held, reader.lines]).toEqual([0, 3]);
    reader.push(Buffer.from('data: 12345678901\n\n'));
    expect(events).toHaveLength(1);
    expect(reader.held).toBeGreaterThan(10);
  });

  it('is what another reader makes of it, wherever it was cut', () => {
    const line = fc.oneof(
      fc.constantFrom('', '', 'data: x', 'data:ü€', 'data', 'event: e', 'id: 1', ':', 'retry: 3', 'other: x', 'data: {"a":"\\n"}'),
      fc.string({ maxLength: 8, unit: fc.constantFrom('a', ':', ' ', 'é', 'd') }),
    );
    const text = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 20 });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), (lines, sizes) => {
        const whole = `${lines.map(([content, end]) => content + end).join('')}\n`;
        const expected: unknown[] = [];
        createParser({ onEvent: ({ event, id, data }) => expected.push({ event, id, data }) }).feed(whole);
        // The other reader does not tell of an id that came without data.
        const got = heard(cut(Buffer.from(whole), sizes)).events.filter(({ data }) => data !== undefined);
        expect(got).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

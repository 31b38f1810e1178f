import * as fc from 'fast-check';
import { createParser } from 'eventsource-parser';
import { SseReader, type StreamEvent } from '../../../src/cli/sse-reader.ts';
import { LineReader } from '../../../src/protocol/index.ts';
import { cutInto, eventStream } from '../arbitraries/event-streams.ts';
import { cases, pure, type Suite } from '../suite.ts';

const LIMIT = 600;
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text)),
  fc.nat({ max: 1_500 }).map((length) => Buffer.alloc(length, 'x')),
  fc.constantFrom('\n', '\r\n', '\n\n', '{}\n').map((text) => Buffer.from(text)),
);
const bytes = fc.array(piece, { maxLength: 12 }).map((parts) => Buffer.concat(parts));
const cuts = fc.array(fc.nat({ max: 2_000 }), { maxLength: 8 });

/** The lines of a server's standard output: the same wherever it is cut, and none over the limit is kept. */
const checkLines = cases(fc.tuple(bytes, cuts), ([whole, at]) => {
  const seen: string[] = [];
  const reader = new LineReader({
    maxLineBytes: LIMIT,
    onLine: (line) => seen.push(line.toString('utf8')),
    onOverlong: ({ bytes: size, head, tail }) => {
      if (size <= LIMIT || head.length > 256 || tail.length > 256) throw new Error(`Not over the limit: ${size}`);
      seen.push('overlong');
    },
  });
  for (const chunk of cutInto(whole, at)) reader.push(chunk);
  reader.end();
  const expected = splitAt(whole).map((line) => (line.length > LIMIT ? 'overlong' : line.toString('utf8')));
  if (JSON.stringify(seen) !== JSON.stringify(expected)) throw new Error(`Read ${JSON.stringify(seen)}`);
});

function splitAt(whole: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let end = whole.indexOf(10); end >= 0; end = whole.indexOf(10, from)) {
    lines.push(whole.subarray(from, end));
    from = end + 1;
  }
  if (from < whole.length) lines.push(whole.subarray(from));
  return lines;
}

/** The command's own reader of event streams finds the events that another reader finds. */
const checkEvents = cases(fc.tuple(eventStream, cuts), ([whole, at]) => {
  const text = whole.toString('utf8').replace(/^\ufeff/, '');
  const reader = new SseReader();
  const seen: StreamEvent[] = [];
  for (const chunk of cutText(text, at)) seen.push(...reader.push(chunk));
  // An end of line that the other reader still waits for, a CR at the very end, is none of this comparison.
  const expected: string[] = [];
  createParser({ onEvent: ({ data }) => expected.push(data) }).feed(text.replace(/\r\n|\r/g, '\n'));
  const found = seen.map(({ data }) => data);
  const cut = expected.slice(0, found.length);
  if (JSON.stringify(found) !== JSON.stringify(cut) || expected.length - found.length > 1)
    throw new Error(`Read ${JSON.stringify(found)} and not ${JSON.stringify(expected)}`);
});

function cutText(text: string, at: readonly number[]): string[] {
  const places = [...new Set(at.map((place) => Math.min(place, text.length)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
}

const alive = (): void => undefined;

export const lines: Suite = { name: 'lines', start: pure(checkLines, alive) };
export const eventReader: Suite = { name: 'event-reader', start: pure(checkEvents, alive) };

import * as fc from 'fast-check';
import { json, ODD_TEXTS, text } from './values.ts';
import { message } from './messages.ts';

const end = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r');
const value = fc.oneof(
  { weight: 4, arbitrary: message.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: json.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: fc.oneof(text, fc.constantFrom(...ODD_TEXTS)).map((one) => one.replace(/[\r\n]/g, ' ')) },
  { weight: 1, arbitrary: fc.nat({ max: 20_000 }).map((length) => 'x'.repeat(length)) },
);
// No `retry`: how long the peer has to wait is a matter of its own, and would only make the cases slow.
const field = fc.constantFrom('data', 'data', 'data', 'id', 'event', '', 'x', 'DATA', 'data ');
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(field, fc.constantFrom(':', ': ', ':  ', ''), value, end).map((parts) => parts.join('')) },
  { weight: 3, arbitrary: fc.tuple(end, end).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(':', ': ping', '\ufeff', ' '), end).map((parts) => parts.join('')) },
);
const raw = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));

/** The bytes of an event stream, well made or not. */
export const eventStream: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.constantFrom('', '', '', '\ufeff'),
    fc.array(fc.oneof({ weight: 12, arbitrary: line.map((one) => Buffer.from(one)) }, { weight: 1, arbitrary: raw }), { maxLength: 12 }),
  )
  .map(([mark, parts]) => Buffer.concat([Buffer.from(mark), ...parts]));

/** The same bytes in pieces, cut at these places. */
export function cutInto(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => Math.min(place, whole.length)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, index) => whole.subarray(from, places[index] ?? whole.length));
}

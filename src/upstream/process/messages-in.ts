import { type Message, messageOf, readMessage } from '../../protocol/index.ts';

const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;

/** The message on a line, or those of a batch; `undefined` for what is none. A line with nothing on it is an empty batch. */
export function messagesIn(line: Buffer): Message | undefined | (Message | undefined)[] {
  const start = startOf(line);
  const first = line[start];
  if (first === undefined) return [];
  // What cannot be a message is not parsed: an exception costs time.
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return undefined;
  try {
    return first === OPEN_OBJECT ? readMessage(line) : batch(JSON.parse(line.toString('utf8', start)));
  } catch {
    // Expected: SyntaxError, a server that prints other things on standard output.
    return undefined;
  }
}

/** Batches are gone since revision 2025-06-18; servers of 2025-03-26 may still send them. */
function batch(values: unknown): Message | undefined | (Message | undefined)[] {
  return Array.isArray(values) && values.length > 0 ? values.map(messageOf) : undefined;
}

/** Where the first byte is that is neither white space nor a part of a byte order mark. */
function startOf(line: Buffer): number {
  let at = line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0;
  while (line[at] === 0x20 || line[at] === 0x09 || line[at] === 0x0d) at += 1;
  return at;
}

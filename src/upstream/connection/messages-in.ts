import { type Message, messageOf, readMessage } from '../../protocol/index.ts';

const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;

/**
 * The message that bytes hold, or those of a batch; `undefined` for what is none. Bytes with nothing on them are an empty batch. They
 * are kept, as {@link readMessage} says.
 */
export function messagesIn(bytes: Buffer): Message | undefined | (Message | undefined)[] {
  const start = startOf(bytes);
  const first = bytes[start];
  if (first === undefined) return [];
  // What cannot be a message is not parsed: an exception costs time.
  if (first !== OPEN_OBJECT && first !== OPEN_LIST) return undefined;
  try {
    return first === OPEN_OBJECT ? readMessage(bytes) : batch(JSON.parse(bytes.toString('utf8', start)));
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
function startOf(bytes: Buffer): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
}

import type { OverlongLine, RequestId } from '../../protocol/index.ts';

const ID = String.raw`"id"\s*:\s*(-?\d+|"(?:[^"\\]|\\.)*")`;
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"`;
const OUTCOME = String.raw`"(?:result|error)"\s*:`;

/** The id among the first members, before the outcome. */
const ID_FIRST = new RegExp(String.raw`^\s*\{\s*(?:${VERSION}\s*,\s*)?${ID}\s*,\s*(?:${VERSION}\s*,\s*)?${OUTCOME}`);
/** The outcome first: the id then is among the last members. */
const OUTCOME_FIRST = new RegExp(String.raw`^\s*\{\s*(?:${VERSION}\s*,\s*)?${OUTCOME}`);
/** Members before the one brace that closes the message. A comma before it proves that the outcome's value has ended. */
const ID_LAST = new RegExp(String.raw`[}\]]\s*,\s*(?:${VERSION}\s*,\s*)?${ID}\s*(?:,\s*${VERSION}\s*)?\}\s*$`);

/**
 * The id of a response that was too long to read, from its first and last bytes, in every order of members that JSON-RPC
 * libraries write; `undefined` when it is not certain that the line is a response and which.
 */
export function overlongResponseId({ head, tail }: OverlongLine): RequestId | undefined {
  const text = ID_FIRST.exec(head)?.[1] ?? (OUTCOME_FIRST.test(head) ? ID_LAST.exec(tail)?.[1] : undefined);
  if (text === undefined) return undefined;
  try {
    const id: unknown = JSON.parse(text);
    return typeof id === 'string' || typeof id === 'number' ? id : undefined;
  } catch {
    // Expected: SyntaxError on something like "id":007.
    return undefined;
  }
}

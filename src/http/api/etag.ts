import { createHash } from 'node:crypto';
import { jsonText } from '../../base/index.ts';

/** What is said in the documentation of a route whose answers have a tag; spread it, and let its reply say what it is `taggedBy`. */
export const TAGGED = {
  ifNoneMatch: true,
  answerHeaders: {
    ETag: 'Of the answer apart from its times; as `If-None-Match` it gets 304 with nothing in it as long as that is the same.',
  },
} as const;

/** The tag of an answer that says this. A weak one (RFC 9110, 8.8.1): the time of the answer itself does not count. */
export function weakTag(said: unknown): string {
  return `W/"${createHash('sha1').update(jsonText(said)).digest('base64url')}"`;
}

/** Whether a client has that answer already, by its `If-None-Match` (RFC 9110, 13.1.2: weak tags do). */
export function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  const plain = (text: string): string => text.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((known) => plain(known) === plain(tag));
}

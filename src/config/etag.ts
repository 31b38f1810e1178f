import { createHash } from 'node:crypto';

/** Names a content: another text has another one. */
export function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

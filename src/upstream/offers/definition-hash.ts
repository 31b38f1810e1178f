import { createHash } from 'node:crypto';
import type { StartableDefinition } from '../incarnation.ts';

/** The name, and everything that decides which server is started, as it stands in the config: placeholders are not resolved. */
const STARTED_FROM = ['id', 'kind', 'command', 'args', 'env', 'envFile', 'cwd', 'url', 'headers', 'transport'] as const;

/** What tells the server of one definition from that of another, in 64 hexadecimal digits. Nothing can be read out of it. */
export function definitionHash(definition: StartableDefinition): string {
  const fields = new Map<string, unknown>(Object.entries(definition));
  const text = JSON.stringify(STARTED_FROM.map((key) => canonical(fields.get(key))));
  return createHash('sha256').update(text).digest('hex');
}

/** The keys of objects in the order of the alphabet, so that their order in the file does not matter. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, inner]) => [key, canonical(inner)]);
}

import { createTwoFilesPatch } from 'diff';
import { REDACTED } from '../../base/index.ts';
import { type Style, printable } from '../style.ts';
import { isRecord } from './client.ts';

const SECRET_HOLDERS = new Set(['env', 'environment', 'headers', 'http_headers']);
const SHORTEST_SECRET = 4;
const SURELY_A_SECRET = 12;

/**
 * What changes in a file, as a unified diff with little around it. Values of environments and headers are masked:
 * the lines around a change are nobody else's business either.
 *
 * @param documents what the texts say
 */
export function showDiff(file: string, before: string, after: string, documents: readonly unknown[], style: Style): string {
  const patch = createTwoFilesPatch(file, file, before, after, undefined, undefined, { context: 2 });
  const masked = maskValues(patch.replace(/^Index: .*\n=+\n/, '').replaceAll('\r', ''), documents);
  return printable(masked)
    .trimEnd()
    .split('\n')
    .map((line) =>
      /^(?:\+\+\+|---|@@)/.test(line)
        ? style.quiet(line)
        : line.startsWith('+')
          ? style.good(line)
          : line.startsWith('-')
            ? style.bad(line)
            : line,
    )
    .join('\n');
}

function maskValues(text: string, documents: readonly unknown[]): string {
  const secrets = [...new Set(documents.flatMap((document) => secretsIn(document, false)))].sort((a, b) => b.length - a.length);
  return secrets.reduce((result, secret) => {
    const escaped = JSON.stringify(secret);
    const masked = result.replaceAll(escaped, `"${REDACTED}"`).replaceAll(`'${secret}'`, `'${REDACTED}'`);
    // A short word may stand anywhere; a long one elsewhere is the same key, written in another way.
    return secret.length < SURELY_A_SECRET ? masked : masked.replaceAll(secret, REDACTED).replaceAll(escaped.slice(1, -1), REDACTED);
  }, text);
}

function secretsIn(value: unknown, isHeld: boolean): string[] {
  if (typeof value === 'string') return isHeld && value.length >= SHORTEST_SECRET && !/\$\{|\{env:/.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item: unknown) => secretsIn(item, isHeld));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, isHeld || SECRET_HOLDERS.has(key)));
}

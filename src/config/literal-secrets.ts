import type { Stats } from 'node:fs';
import type { Diagnostic } from './config.ts';
import { keysIn, TELLING } from './mask.ts';
import { parseTemplate } from './placeholder-syntax.ts';

/** Whether a variable, header, key or option of that name holds a secret. */
export function isSecretName(name: string): boolean {
  // Authors sound like authorization, and are none.
  return TELLING.test(name.replace(/author(?!i[sz])/gi, '')) || /(?:^|[-_])(?:key|pat|pin)$/i.test(name);
}

/**
 * A warning about a config file that holds secrets and can be read by other users of the machine. Modes mean nothing on Windows.
 *
 * @param document what stands in the file
 */
export function looseModeWarning(
  file: string,
  { mode }: Pick<Stats, 'mode'>,
  document: unknown,
  platform: NodeJS.Platform = process.platform,
): Diagnostic | undefined {
  if (platform === 'win32' || (mode & 0o044) === 0 || !holdsLiteralSecret('', document)) return undefined;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return {
    severity: 'warning',
    file,
    line: 1,
    column: 1,
    keyPath: '',
    message: `Holds secrets and can be read by other users of this machine (mode ${shown})`,
    hint: `Take the right from them: chmod 600 ${file}. Or write \${keyring:name}, \${file:path} or \${NAME} in the place of the secrets`,
  };
}

/** Only what surely is one: a name that tells, or a key of a well-known kind. Settings of servers stand in `env` as well, and are none. */
function holdsLiteralSecret(name: string, value: unknown): boolean {
  if (typeof value === 'string') return isSecretText(name, value);
  if (typeof value === 'number') return isSecretText(name, String(value));
  if (Array.isArray(value)) return value.some((item, index) => holdsLiteralSecret(optionBefore(value[index - 1]) ?? name, item));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => holdsLiteralSecret(key, item));
}

/** `--token` before its value. */
function optionBefore(item: unknown): string | undefined {
  return typeof item === 'string' && /^--?[\w-]+$/.test(item) ? item : undefined;
}

function isSecretText(name: string, text: string): boolean {
  // A number of tokens, as language models count them.
  if (/^\d+$/.test(text) && /tokens/i.test(name)) return false;
  if (keysIn(text).length > 0 || hasPassword(text)) return true;
  const [, option, value] = /^(-{0,2}[\w.-]+)\s*[=:]\s*([^]+)$/.exec(text) ?? [];
  if (option !== undefined && value !== undefined && !value.startsWith('//') && isSecretName(option)) return isLiteral(value);
  return isSecretName(name) && !text.startsWith('-') && isLiteral(text);
}

/** In an address: `//user:password@`, or a query value under a telling name. */
function hasPassword(text: string): boolean {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return false;
  const [, password] = /:\/\/[^/@?#:]*:([^/@?#]+)@/.exec(text) ?? [];
  if (password !== undefined && isLiteral(password)) return true;
  return [...text.matchAll(/[?&]([^=&#?]+)=([^&#]+)/g)].some(([, key = '', value = '']) => isSecretName(key) && isLiteral(value));
}

/** Something of it stands there itself, and is more than the word before a token. Paths and switches are no secrets. */
function isLiteral(text: string): boolean {
  if (/^(?:true|false|\/[^]*|[.~]{1,2}\/[^]*|https?:\/\/[^]*|\$[:A-Za-z_][^]*)$/i.test(text)) return false;
  const literal = literalParts(text)
    .replace(/^\s*(?:bearer|basic|token|apikey)\s+/i, '')
    .trim();
  return literal.length >= 6;
}

function literalParts(text: string): string {
  try {
    return parseTemplate(text)
      .filter((part) => typeof part === 'string')
      .join('');
  } catch {
    // Nested too deep: told of as such where it is resolved.
    return '';
  }
}

import { REDACTED } from '../base/index.ts';
import { NestingError, parseTemplate, type Template } from './placeholder-syntax.ts';

/** What to show in the place of a piece of text that may be a secret. */
type Hide = (secret: string) => string;

const hidden: Hide = () => REDACTED;

/** Names of options, variables and keys whose values nobody else should see. */
export const TELLING =
  /(?:secret|token|passw|passphrase|pwd|api[-_]?key|access[-_]?key|private[-_]?key|auth|credential|bearer|cookie|signature)/i;
/** Beginnings that makers of keys put in front of them. */
const KNOWN_KEY =
  /\b(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|AKIA|ASIA|AIza|ya29\.|eyJ[\w-]{8,400}\.|npm_|pypi-|hf_|lin_api_|ntn_|secret_|pk_live|rk_live)[\w.~+/=-]{6,}/g;
/** What may stand around a placeholder without being one half of a secret. */
const PLAIN_PIECE = /^(?:\s*(?:bearer|basic|token|apikey)\s*|[\s:/@;,.=&?|-]*)$/i;

/** A whole document as `HubConfig.document` has it, with its literal secrets masked. Placeholders stay as they are written. */
export function maskConfig(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { mcpServers, ...rest } = document;
  const servers = isRecord(mcpServers) ? Object.entries(mcpServers).map(([name, entry]) => [name, maskEntry(entry)]) : [];
  return {
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, masked(key, value, hidden)])),
    mcpServers: Object.fromEntries(servers),
  };
}

/**
 * An entry of a server as it stands in its file, with its literal secrets masked: the values of `env` and `headers`, what an address
 * holds besides the place, and arguments that look like one. Placeholders stay as they are written.
 */
export function maskEntry(entry: unknown): unknown {
  return maskedEntry(entry, hidden);
}

/** The literal secrets of an entry, as {@link maskEntry} hides them. */
export function secretsOf(entry: unknown): readonly string[] {
  const found: string[] = [];
  maskedEntry(entry, (secret) => {
    found.push(secret);
    return REDACTED;
  });
  return found;
}

/** What looks like a key of its own in a text. */
export function keysIn(text: string): readonly string[] {
  const found: string[] = [];
  looksSecret(text, (secret) => {
    found.push(secret);
    return REDACTED;
  });
  return found;
}

/** A command line in one piece, for messages, with its literal secrets masked. */
export function maskCommandLine(command: string, args: readonly string[]): string {
  return [looksSecret(command, hidden), ...maskedArgs(args, hidden)].join(' ');
}

/** An address for messages, with its literal secrets masked. */
export function maskUrl(url: string): string {
  return maskedUrl(url, hidden);
}

function maskedEntry(entry: unknown, hide: Hide): unknown {
  if (!isRecord(entry)) return masked('', entry, hide);
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, maskedField(key, value, hide)]));
}

function maskedField(key: string, value: unknown, hide: Hide): unknown {
  if (key === 'env' || key === 'headers') {
    if (!isRecord(value)) return Array.isArray(value) ? value.map((item) => wholly(item, hide)) : wholly(value, hide);
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, wholly(text, hide)]));
  }
  if (key === 'url' && typeof value === 'string') return maskedUrl(value, hide);
  if (key === 'urls' && Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? maskedUrl(item, hide) : item));
  if (key === 'args' && Array.isArray(value)) return maskedArgs(value, hide);
  return masked(key, value, hide);
}

/** Every other value: what a telling key names, and what looks like a key of its own. */
function masked(key: string, value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return TELLING.test(key) ? wholly(value, hide) : looksSecret(value, hide);
  if (Array.isArray(value)) return value.map((item) => masked(key, item, hide));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, masked(name, item, hide)]));
}

/** All of it but the placeholders. `null` and `""` mean a variable of the same name and hide nothing. */
function wholly(value: unknown, hide: Hide): unknown {
  if (value === null || value === '') return value;
  if (typeof value !== 'string') return typeof value === 'object' ? hide(JSON.stringify(value)) : hide(String(value));
  // An older spelling of a placeholder for a command.
  if (value.startsWith('$: ')) return value;
  const parts = templateOf(value);
  if (parts.every((part) => typeof part === 'string')) return hide(value);
  return parts
    .map((part) => (typeof part !== 'string' ? placeholder(part.raw, true, hide) : PLAIN_PIECE.test(part) ? part : hide(part)))
    .join('');
}

/** As it is written, but for the value that it has by default, which may be a secret, and for keys in a command. */
function placeholder(raw: string, isSecret: boolean, hide: Hide): string {
  const [, start = '', value = '', end = ''] = /^(\$[{<][^]*?:-)([^]+)([}>])$/.exec(raw) ?? [];
  if (start === '' || /^\$[{<]cmd:/.test(start)) return raw.replace(KNOWN_KEY, (key) => hide(key));
  return `${start}${isSecret || TELLING.test(start) ? String(wholly(value, hide)) : looksSecret(value, hide)}${end}`;
}

function maskedArgs(args: readonly unknown[], hide: Hide): unknown[] {
  return args.map((arg, index) => {
    if (typeof arg !== 'string') return arg;
    const option = args[index - 1];
    const isValue = typeof option === 'string' && /^--?[\w-]+$/.test(option) && TELLING.test(option) && !arg.startsWith('-');
    if (isValue) return wholly(arg, hide);
    return maskedArgument(arg, hide);
  });
}

/** `--token=…`, `API_KEY=…` and `Authorization: …` tell by their name what comes. */
function maskedArgument(arg: string, hide: Hide): unknown {
  const [, name, value] = /^(-{0,2}[\w.-]+\s*[=:]\s*)([^/].*)$/s.exec(arg) ?? [];
  const isTelling = name !== undefined && (TELLING.test(name) || /^[A-Z_][A-Z\d_]*=$/.test(name));
  if (isTelling && value !== undefined) return `${name}${String(wholly(value, hide))}`;
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(arg)) return maskedUrl(arg, hide);
  return looksSecret(arg, hide);
}

/** An address without the user and password, the values of its query and segments of its path that look like keys. */
function maskedUrl(url: string, hide: Hide): string {
  const withoutUser = url.replace(/(:\/\/)([^/@?#]+)@/, (_, start: string, user: string) => `${start}${String(wholly(user, hide))}@`);
  const withoutQuery = withoutUser.replace(
    /([?&][^=&#?]+=)([^&#]+)/g,
    (_, name: string, value: string) => `${name}${String(wholly(value, hide))}`,
  );
  return looksSecret(withoutQuery, hide);
}

/** Keys of well-known kinds, and long pieces that mix letters and digits, as no word or path does. */
function looksSecret(text: string, hide: Hide): string {
  return templateOf(text)
    .map((part) => {
      if (typeof part !== 'string') return placeholder(part.raw, false, hide);
      const isMixed = (piece: string): boolean =>
        /[a-z]/i.test(piece) && /\d/.test(piece) && /^(?:[a-f\d]{32,}|(?=.*[A-Z])[\w-]{32,})$/.test(piece);
      return part.replace(KNOWN_KEY, (key) => hide(key)).replace(/[\w-]{32,}/g, (piece) => (isMixed(piece) ? hide(piece) : piece));
    })
    .join('');
}

function templateOf(text: string): Template {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (error instanceof NestingError) return [text];
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

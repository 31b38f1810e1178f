import { createHash, randomBytes, randomInt } from 'node:crypto';
import { HubError, KEY_PREFIX } from '../../base/index.ts';

/** What a key may be good for, with what that means (docs/security.md). */
export const keyScopes = {
  mcp: 'use of `/mcp`, `/sse`, `/messages`, streams of lines, and calls by REST',
  read: 'what the API tells without changing anything, and the events',
  admin: 'everything, also changes of the config and of the keys',
} as const;
export type KeyScope = keyof typeof keyScopes;

/** A key as it is kept: what it is, but not the key itself. */
export interface ApiKey {
  /** Part of the key's text; whoever reads a log or a list knows by it which key is meant. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** SHA-256 of the whole text, in hexadecimal. The text is too random to be guessed from it. */
  readonly hash: string;
  /** ISO 8601, as all times here. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** About: it is written once a minute at most. */
  readonly lastUsedAt: string | null;
}

/** What a person says of a key that is to be made. */
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** ISO 8601; `null` for never. */
  readonly expiresAt: string | null;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 8;
const SECRET_BYTES = 32;
/** As many digits to the base 62 as 256 bits can need. */
const SECRET_LENGTH = 43;
const KEY = new RegExp(`^${KEY_PREFIX}([0-9a-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH}}$`);
const MAX_NAME = 64;

/** Makes a key of 256 random bits. Its text is given here and never again. @throws HubError VALIDATION_ERROR for a name or scopes that cannot be */
export function newApiKey({ name, scopes, expiresAt }: NewKey, nowMs: number): { readonly key: ApiKey; readonly text: string } {
  checkName(name);
  if (scopes.length === 0) throw wrong('scopes', 'A key needs at least one scope.');
  const id = Array.from({ length: ID_LENGTH }, () => ID_DIGITS.charAt(randomInt(ID_DIGITS.length))).join('');
  const text = keyText(id, randomBytes(SECRET_BYTES));
  const ordered = scopeNames.filter((scope) => scopes.includes(scope));
  const createdAt = new Date(nowMs).toISOString();
  return { text, key: { id, name, scopes: ordered, hash: fingerprintOf(text).toString('hex'), createdAt, expiresAt, lastUsedAt: null } };
}

/** `mcphub_<id>_<secret>`: letters and digits alone, so that scanners for leaked keys find it and a double click takes all of it. */
export function keyText(id: string, secret: Buffer): string {
  let rest = BigInt(`0x${secret.toString('hex')}`);
  let digits = '';
  for (let at = 0; at < SECRET_LENGTH; at += 1) {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return `${KEY_PREFIX}${id}_${digits}`;
}

/** The id in the text of a key; `undefined` for a text that is none of the hub's. */
export function readKeyText(text: string): string | undefined {
  return KEY.exec(text)?.[1];
}

/** Whether a text claims to be a key of a hub's: such a one is never passed over, also where none is needed. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith(KEY_PREFIX);
}

/** What is compared in place of a key. */
export function fingerprintOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const scopeNames: readonly KeyScope[] = ['mcp', 'read', 'admin'];

/** Whether a text is the name of a scope. */
export function isKeyScope(text: unknown): text is KeyScope {
  return typeof text === 'string' && Object.hasOwn(keyScopes, text);
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * When a key ends that is to last for `text`: `12h`, `90d`, `4w`, or a date in ISO 8601.
 *
 * @throws HubError VALIDATION_ERROR for another text, and for what is over already
 */
export function expiryOf(text: string, nowMs: number): string {
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const isDate = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text);
  const atMs = count === undefined ? (isDate ? Date.parse(text) : Number.NaN) : nowMs + Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (Number.isNaN(atMs)) throw wrong('expires', `${JSON.stringify(text)} is no time: write 12h, 90d, 4w or a date such as 2027-01-31.`);
  if (atMs <= nowMs) throw wrong('expires', `${JSON.stringify(text)} is over already.`);
  return new Date(atMs).toISOString();
}

function checkName(name: string): void {
  if (looksLikeKey(name)) throw wrong('name', `A name does not begin with "${KEY_PREFIX}": that is how keys begin, and names are shown.`);
  if (name.trim() !== '' && name.length <= MAX_NAME && !/\p{C}/u.test(name)) return;
  throw wrong('name', `The name of a key is a word or a few, up to ${MAX_NAME} characters, none of them a control character.`);
}

const wrong = (field: string, message: string): HubError => new HubError('VALIDATION_ERROR', message, { details: { field } });

import { keysIn, TELLING } from './mask.ts';

/** Strings, comments (also those of TOML) and numbers, in this order of preference. */
const TOKEN = /"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'|\/\/[^\n]*|\/\*[^]*?\*\/|#[^\n]*|(?<=[:[,]\s{0,8})-?\d[\d.eE+-]*/g;
/** `API_KEY = "…"` in a comment: somebody has put an entry aside. */
const PAIR = /\b([\w-]{1,80})["']?[ \t]{0,8}[:=][ \t]{0,8}["']?([^\s"',;]{1,2000}(?: [^\s"',;]{1,2000})?)/g;

/** What stands for secrets in a text besides themselves, and what to show in its place. */
export type Spelling = readonly [raw: string, shown: string];

/**
 * Where a text says one of these secrets in another spelling, such as `\u0041` for `A`, or as a part of a string or as a number; and what
 * comments give away.
 *
 * @param mask what stands in the place of a secret
 */
export function spellingsIn(text: string, secrets: readonly string[], mask: string): readonly Spelling[] {
  const tokens = new Set(text.match(TOKEN) ?? []);
  return [...tokens].flatMap((token): readonly Spelling[] => {
    if (/^(?:\/|#)/.test(token)) return commentSecrets(token).map((secret) => [secret, mask]);
    if (!/^["']/.test(token)) return secrets.includes(token) ? [[token, mask]] : [];
    const shown = withoutSecrets(valueOf(token), secrets, mask);
    return shown === undefined ? [] : [[token, JSON.stringify(shown)]];
  });
}

/** The value without the secrets in it, of which a short one counts only where it is set off; `undefined` when there is none. */
function withoutSecrets(value: string, secrets: readonly string[], mask: string): string | undefined {
  const shown = secrets.reduce((rest, secret) => {
    if (rest === secret) return mask;
    if (secret.length >= 8) return rest.replaceAll(secret, mask);
    return ['=', ': ', ':', '/'].reduce((masked, before) => masked.replaceAll(before + secret, before + mask), rest);
  }, value);
  return shown === value ? undefined : shown;
}

function commentSecrets(comment: string): readonly string[] {
  const pairs = [...comment.matchAll(PAIR)].filter(([, name = '']) => TELLING.test(name));
  return [...pairs.map(([, , value = '']) => value), ...keysIn(comment)].filter((value) => value !== '' && !/^\$[{<]/.test(value));
}

/** What a string token says (JSON5, section 5). */
function valueOf(token: string): string {
  return token
    .slice(1, -1)
    .replace(/\\(?:u([\da-f]{4})|x([\da-f]{2})|([^]))/gi, (_, unit?: string, byte?: string, character = '') =>
      unit !== undefined || byte !== undefined
        ? String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16))
        : (ESCAPES[character] ?? character),
    );
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', '\n': '' };

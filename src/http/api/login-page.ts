import type { HubError } from '../../base/index.ts';

/** Nothing of the page may be run, framed, kept or told to others: its address holds the code of a login. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Longest message that is shown, in characters: a part of it may come from whoever made the address. */
const MAX_MESSAGE = 600;

/** What a person sees when the login has worked. */
export function loginPage(server: string, message: string): string {
  return page(`Logged in at ${server}`, message, 'You can close this page. Whatever waited for the login goes on by itself.');
}

/**
 * … and when it has not.
 *
 * @param server where it is known to be a server of this hub's
 */
export function loginFailedPage({ code, message }: HubError, server: string | undefined): string {
  const begin = `mcp-hub auth${server === undefined ? '' : ` ${server}`}`;
  return page(
    'The login did not work',
    message,
    code === 'VALIDATION_ERROR' ? 'Nothing was changed by this page.' : 'You are not logged in.',
    `Begin the login again in your editor, or with: ${begin}`,
  );
}

function page(title: string, ...paragraphs: readonly string[]): string {
  const body = paragraphs.map((text) => `<p>${escaped(text)}</p>`).join('\n');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)}</title></head>
<body>
<h1>${escaped(title)}</h1>
${body}
</body>
</html>
`;
}

/** Text alone, without control characters and those that turn the direction of what follows. */
function escaped(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
  const shown = plain.length > MAX_MESSAGE ? `${plain.slice(0, MAX_MESSAGE)}…` : plain;
  return shown.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

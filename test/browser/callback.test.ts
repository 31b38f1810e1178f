import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { type EvilSite, startEvilSite } from '../support/evil-site.ts';
import { endHubs, type HubProcess, startHub } from '../support/hub-process.ts';
import { logIn, type ProtectedServer, startProtectedServer } from '../support/protected-server.ts';

/** A name that is a page of its own, where nobody makes text of it. */
const NAME = '<img src=x onerror=window.ran=1>';
const SCRIPT = '<script>window.ran=1;alert(1)</script>';

const HOSTILE: readonly string[] = [
  SCRIPT,
  '"><svg onload=window.ran=1>',
  "'/><img src=//evil.example/i onerror=window.ran=1>",
  '</title></head><body onload=window.ran=1>',
  '<iframe src="javascript:parent.ran=1">',
  '<meta http-equiv=refresh content="0;url=//evil.example/">',
  '<base href=//evil.example/><form action=//evil.example/><input autofocus onfocus=window.ran=1>',
  'javascript:window.ran=1',
  'data:text/html,<script>window.ran=1</script>',
  '&lt;script&gt;window.ran=1&lt;/script&gt;',
  '${window.ran=1}{{constructor.constructor("window.ran=1")()}}',
  '\u0000\u0007\u001b]8;;javascript:window.ran=1\u0007\r\nset-cookie: a=b\r\n\r\n<script>window.ran=1</script>',
  '\u202E\u2028<\u200Bscript>window.ran=1\uFEFF\u{1F600}',
  '\uFF1Cscript\uFF1Ewindow.ran=1',
  '+ADw-script+AD4-window.ran=1+ADw-/script+AD4-',
  `${'A'.repeat(2_500)}${SCRIPT}`,
];

const PARAMETERS = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'server_name', 'scope', 'unknown'] as const;

let site: EvilSite;
let guarded: ProtectedServer;
let hub: HubProcess;
let browser: Browser;

beforeAll(async () => {
  site = await startEvilSite();
  guarded = await startProtectedServer();
  hub = await startHub({ config: { mcpServers: { [NAME]: { url: guarded.url } } } });
  browser = await startChromium(['MAP evil.example 127.0.0.1']);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), guarded?.close()]);
  await endHubs();
});

/** What a page did that it should not: the addresses that it asked for, the dialogs that it opened. */
interface Seen {
  readonly elsewhere: string[];
  readonly dialogs: string[];
}

/** Runs with a page, with or without its Content-Security-Policy: what is escaped needs none. */
async function looking(bypassCSP: boolean, run: (page: Page, seen: Seen) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ bypassCSP });
  try {
    const page = await context.newPage();
    const elsewhere: string[] = [];
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      const { host, pathname } = new URL(request.url());
      if (host !== `localhost:${hub.port}` || !['/api/oauth/callback', '/favicon.ico'].includes(pathname)) elsewhere.push(request.url());
    });
    await run(page, { elsewhere, dialogs });
    expect({ elsewhere, dialogs, cookies: await context.cookies() }).toEqual({ elsewhere: [], dialogs: [], cookies: [] });
  } finally {
    await context.close();
  }
}

const callback = (query: string): string => `http://localhost:${hub.port}/api/oauth/callback?${query}`;

/** What the page is made of: a line for each element, with its attributes. */
const elementsOf = (page: Page): Promise<string[]> =>
  page.evaluate(
    "[...document.querySelectorAll('*')].map((one) => [one.localName, ...[...one.attributes].map(({ name, value }) => `${name}=${value}`)].join(' '))",
  );
const MEANT = ['html lang=en', 'head', 'meta charset=utf-8', 'title', 'body', 'h1', 'p', 'p'];
/** One that did not work says in another line how to begin anew. */
const MEANT_WHEN_FAILED = [...MEANT, 'p'];
const textOf = (page: Page): Promise<string> => page.evaluate('document.body.innerText');

/** @returns what the page of a login that did not work says */
async function shows(page: Page, query: string): Promise<string> {
  await page.goto(callback(query));
  expect([await elementsOf(page), await page.evaluate('typeof window.ran')], query.slice(0, 200)).toEqual([MEANT_WHEN_FAILED, 'undefined']);
  return textOf(page);
}

/** Begins a login. @returns the address of its page */
async function begin(): Promise<string> {
  const body = JSON.stringify({ server_name: NAME });
  const answer = await fetch(`${hub.origin}/api/servers/authorize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const { authorizationUrl } = JSON.parse(await answer.text());
  return String(authorizationUrl);
}

const stateOf = (authorizationUrl: string): string => new URL(authorizationUrl).searchParams.get('state') ?? '';

describe('the page at the end of a login', () => {
  it.each([false, true])('runs no script of a parameter, and says that the login did not work (without its policy: %s)', async (bypass) => {
    await looking(bypass, async (page) => {
      for (const value of HOSTILE) {
        const alone = encodeURIComponent(value);
        const all = PARAMETERS.map((name) => `${name}=${alone}`).join('&');
        const said = [await shows(page, all)];
        said.push(await shows(page, `${all}&${all}`), await shows(page, `${alone}=${alone}&code=${alone}`));
        said.push(await shows(page, `error=${alone}&error_description=${alone}&error[]=${alone}`), await shows(page, alone));
        for (const text of said) expect(text).toContain('The login did not work');
      }
    });
  });

  it.each([false, true])('quotes what an authorization server says, and makes nothing of it (without its policy: %s)', async (bypass) => {
    await eventually(async () => expect(stateOf(await begin())).not.toBe(''));
    await looking(bypass, async (page) => {
      for (const value of [...HOSTILE, `${'A'.repeat(20_000)}${SCRIPT}`]) {
        const login = await begin();
        const alone = encodeURIComponent(value);
        // What does not come from the authorization server itself is not quoted (RFC 9207).
        const own = `state=${stateOf(login)}&iss=${encodeURIComponent(new URL(login).origin)}`;
        const said = await shows(page, `${own}&error=access_denied&error_description=${alone}&error_uri=${alone}`);
        expect(said).toContain('The login did not work');
        expect(said).toContain('access_denied');
      }
    });
  });

  it('is reached from the page of another site, as a whole page, and shows a name as it is', async () => {
    const end = await logIn(await begin());
    await looking(true, async (page, { elsewhere }) => {
      await page.goto(`http://evil.example:${site.port}/`);
      await page.evaluate(`location.href = ${JSON.stringify(end)}`);
      await page.waitForURL(end);
      expect([await elementsOf(page), await page.evaluate('typeof window.ran')]).toEqual([MEANT, 'undefined']);
      expect(await textOf(page)).toContain(`Logged in at ${NAME}`);
      expect(elsewhere.splice(0).filter((url) => !url.startsWith(`http://evil.example:${site.port}/`))).toEqual([]);
    });
  });
});

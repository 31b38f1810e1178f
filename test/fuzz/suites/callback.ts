import * as fc from 'fast-check';
import { damaged, text } from '../arbitraries/values.ts';
import { type FuzzedHub, startFuzzedHub } from '../fuzzed-hub.ts';
import type { Answered } from '../http-client.ts';
import { cases, type Suite, type Target } from '../suite.ts';

/** What a page must not hold as it was sent. */
const MARKUP: readonly string[] = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'<b>",
  '<svg/onload=alert(1)>',
  '</title><script>',
];
const hostile = fc.oneof(
  text,
  fc.constantFrom(...MARKUP),
  fc.tuple(text, fc.constantFrom(...MARKUP), text).map((parts) => parts.join('')),
);
const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'server_name') },
  { weight: 1, arbitrary: hostile },
);
const value = fc.oneof(
  { weight: 5, arbitrary: hostile },
  { weight: 1, arbitrary: fc.constantFrom('guarded', 'access_denied', 'http://127.0.0.1:1/') },
);
const pairs = fc.array(fc.tuple(key, value), { maxLength: 6 });
const pasted = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: damaged(fc.constant('http://localhost:37373/api/oauth/callback?code=a&state=b')) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      text,
      fc.constantFrom('javascript:alert(1)?code=x', 'data:text/html,<script>?code=x', 'http://[?code=', '//x?code=1'),
    ),
  },
);
/** Rarely the state is the right one: then the code is redeemed at the authorization server, which does not know it. */
const input = fc.record({ pairs, pasted, isManual: fc.boolean(), hasState: fc.nat({ max: 99 }).map((n) => n === 0) });

async function pendingState({ client }: FuzzedHub): Promise<string> {
  const { text: answer } = await client.ask('/api/servers/authorize', { body: '{"server_name":"guarded"}' });
  const found: unknown = JSON.parse(answer);
  const url = typeof found === 'object' && found !== null && 'authorizationUrl' in found ? String(found.authorizationUrl) : '';
  return URL.canParse(url) ? (new URL(url).searchParams.get('state') ?? '') : '';
}

/** With half a pair as it arrives: nothing that travels as UTF-8 holds one. */
const wellFormed = (given: string): string => Buffer.from(given).toString();

/** A page in which nothing stands as it was sent, or JSON that no browser takes for a page. */
function judge({ status, headers, text: shown }: Answered, isManual: boolean): void {
  const type = headers['content-type'];
  if (type === 'application/json' && headers['x-content-type-options'] === 'nosniff') {
    JSON.parse(shown);
    // At the page only for what is malformed, as a parameter that comes twice is.
    if (isManual || status === 400) return;
  }
  const found = MARKUP.find((markup) => shown.includes(markup));
  if (found === undefined && !isManual && type === 'text/html; charset=utf-8') return;
  throw new Error(`Not the page, or one with ${found}: ${shown}`);
}

async function start(): Promise<Target> {
  // Only this suite has to wait for the authorization server to be loaded.
  const { startProtectedServer } = await import('../../support/protected-server.ts');
  const server = await startProtectedServer();
  const hub = await startFuzzedHub({ mcpServers: { guarded: { url: server.url } } });
  let state = '';
  const check = cases(input, async ({ pairs: sent, pasted: url, isManual, hasState }) => {
    if (hasState) state = await pendingState(hub);
    const params = new URLSearchParams(sent.map(([name, given]): [string, string] => [wellFormed(name), wellFormed(given)]));
    if (hasState) params.set('state', state);
    const address = `/api/oauth/callback?${params.toString()}`;
    const pastedUrl = wellFormed(url ?? `${hub.running.origin}${address}`);
    const answer = isManual
      ? await hub.client.ask('/api/oauth/manual_callback', { body: JSON.stringify({ url: pastedUrl }) })
      : await hub.client.ask(address, { method: 'GET' });
    hub.noFailures();
    if (answer.status === 500 || answer.status < 400) throw new Error(`HTTP ${answer.status} ${answer.text}`);
    judge(answer, isManual);
  });
  const alive = async (): Promise<void> => {
    const { status, text: answer } = await hub.client.ask('/api/health', { method: 'GET' });
    if (status !== 200) throw new Error(`HTTP ${status} ${answer}`);
    if ((await pendingState(hub)) === '') throw new Error('No login can be begun any more.');
    hub.noFailures();
  };
  const close = async (): Promise<void> => {
    await hub.close();
    await server.close();
  };
  return { check, alive, close };
}

/** What comes back from a login, at the page and pasted. */
export const callback: Suite = { name: 'callback', start };

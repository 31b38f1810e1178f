import * as fc from 'fast-check';
import { routes } from '../../../src/http/api/routes.ts';
import { startApi } from '../../http/api-harness.ts';
import { document, entry } from '../arbitraries/config.ts';
import { damaged, fields, json, text } from '../arbitraries/values.ts';
import { HttpClient } from '../http-client.ts';
import { cases, type Suite, type Target } from '../suite.ts';

const served = routes.filter(({ run }) => run !== undefined).map(({ method, path }) => ({ method: method.toUpperCase(), path }));
const route = fc.constantFrom(...served);
const name = fc.oneof(fc.constantFrom('time', 'down', 'a/b', 'new'), text);
const body = fields({
  server_name: name,
  name,
  tool: fc.oneof(fc.constant('now'), text),
  prompt: fc.oneof(fc.constant('greet'), text),
  uri: fc.oneof(fc.constant('time://now'), text),
  arguments: json,
  request_options: fields({ timeout: fc.integer(), maxTotalTimeout: fc.double(), resetTimeoutOnProgress: fc.boolean() }),
  config: entry,
  file: text,
  mcpId: name,
  url: fc.oneof(fc.webUrl(), text),
  disabled: fc.boolean(),
  scopes: json,
});
const payload = fc.oneof(
  { weight: 6, arbitrary: body.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.oneof(json, entry, document).map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: damaged(body.map((value) => JSON.stringify(value))) },
  { weight: 1, arbitrary: text },
);
const KEYS = [
  'server_name',
  'code',
  'state',
  'error',
  'tags',
  'sort',
  'search',
  'lines',
  'disable',
  'dryRun',
  'mcpId',
  'name',
  '__proto__[a]',
  'a[b]',
  '',
];
const query = fc
  .array(fc.tuple(fc.constantFrom(...KEYS), text), { maxLength: 4 })
  .map((pairs) => pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encoded(value)}`).join('&'));
const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json',
      'application/merge-patch+json',
      'text/plain',
      'application/json; charset=utf-7',
    ),
    'if-match': fc.constantFrom('*', 'v1', '"v1"', 'W/"x"'),
  },
  { requiredKeys: ['content-type'] },
);

/** As it may stand in a request line: what has no encoding of its own (half a pair) as a broken one. */
function encoded(value: string): string {
  return /\p{Surrogate}/u.test(value) ? '%ED%A0%80' : encodeURIComponent(value);
}

async function start(): Promise<Target> {
  const api = await startApi();
  const client = new HttpClient(api.url);
  const check = cases(fc.tuple(route, name, query, payload, headers), async ([{ method, path }, param, search, sent, named]) => {
    const isRead = method === 'GET';
    const to = `${path.replace(/:\w+/g, () => encoded(param) || '-')}${search === '' ? '' : `?${search}`}`;
    const answer = await client.ask(to, { method, headers: named, ...(!isRead && { body: sent }) });
    if (answer.status >= 500 && !DOWN.has(answer.status)) throw new Error(`HTTP ${answer.status} ${answer.text}`);
    const type = answer.headers['content-type'] ?? '';
    if (type === 'application/json') JSON.parse(answer.text);
    else if (!path.endsWith('/callback') || type !== 'text/html; charset=utf-8')
      throw new Error(`Neither JSON nor the page: ${type} ${answer.text}`);
    api.management.asked.length = 0;
  });
  const alive = async (): Promise<void> => {
    const { status } = await client.ask('/api/servers', { method: 'GET' });
    if (status !== 200) throw new Error(`HTTP ${status}`);
  };
  const close = async (): Promise<void> => {
    client.close();
    await api.close();
  };
  return { check, alive, close };
}

/** What says that a server does not answer, which one of them does not. */
const DOWN: ReadonlySet<number> = new Set([502, 503, 504]);

/** Bodies, queries, names and content types over the whole table of routes. */
export const rest: Suite = { name: 'rest', start };

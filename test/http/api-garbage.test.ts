import { afterAll, beforeAll, expect, it } from 'vitest';
import { routes } from '../../src/http/api/routes.ts';
import { api, type ApiHarness, startApi } from './api-harness.ts';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await startApi();
});
afterAll(() => harness.close());

const ODD: readonly unknown[] = [
  null,
  true,
  5,
  1e300,
  '',
  'x',
  [],
  [[]],
  [null],
  {},
  { a: 1 },
  { '': '' },
  '\ud800',
  -0,
  { __proto__: null, toString: 1 },
];
const FIELDS = ['server_name', 'tool', 'prompt', 'uri', 'arguments', 'request_options', 'name', 'config', 'file', 'mcpId', 'url'];
const RIGHT = {
  server_name: 'time',
  tool: 'now',
  prompt: 'greet',
  uri: 'time://now',
  name: 'new',
  config: { command: 'x' },
  mcpId: 'time',
  url: 'http://localhost/?code=a&server_name=time',
};

const BODIES: readonly string[] = [
  ...ODD.map((value) => JSON.stringify(value)),
  ...FIELDS.flatMap((field) => ODD.map((value) => JSON.stringify({ ...RIGHT, [field]: value }))),
  ...ODD.map((value) =>
    JSON.stringify({ ...RIGHT, request_options: { timeout: value, maxTotalTimeout: value, resetTimeoutOnProgress: value } }),
  ),
  '{"__proto__": {"server_name": "time"}, "constructor": 1}',
  `${'['.repeat(4_000)}${']'.repeat(4_000)}`,
  '{"server_name": "time"',
  '\ufeff{}',
  '\0',
  'NaN',
  "{'a': 1}",
];
const QUERIES = ['', '?', '?=', '?a&b', '?disable=1&disable=0', '?lines=1e9', '?tags=,,,&sort=', '?%', '?%E0%A4%A=%FF', '?__proto__[a]=1'];

const served = routes.filter(({ run }) => run !== undefined);

it.each(served.map(({ method, path }) => [method.toUpperCase(), path] as const))(
  '%s %s answers whatever comes with JSON, and nothing that a caller does wrong with a 500',
  async (method, path) => {
    const url = harness.url + path.replace(':name', 'time');
    const requests = method === 'GET' ? QUERIES.map((query) => api(url + query)) : BODIES.map((body) => api(url, { method, body }));
    for (const { status, headers, text } of await Promise.all(requests)) {
      expect(status, text).toBeLessThan(500);
      expect(headers['content-type'], text).toMatch(
        path.endsWith('/callback') ? /^(?:text\/html; charset=utf-8|application\/json)$/ : /^application\/json$/,
      );
    }
  },
);

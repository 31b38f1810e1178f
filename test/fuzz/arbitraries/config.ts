import * as fc from 'fast-check';
import { damaged, fields, json, ODD_TEXTS, text } from './values.ts';

const placeholder = fc.constantFrom('${A}', '${env:A:-b}', '${input:i}', '${A', '$<env:A>', '${${A}}', '${__proto__}', '$A', '${cmd: }');
const word = fc.oneof(
  text,
  placeholder,
  fc.tuple(placeholder, text).map((parts) => parts.join('')),
);
const duration = fc.oneof(fc.constantFrom('5s', '1m', '0', '-1s', '1e9h', '500ms', '1d', 's'), fc.integer(), fc.double());
const size = fc.oneof(fc.constantFrom('1MB', '8MiB', '0', '1e400', '-1KB', 'b'), fc.integer());
const words = fc.array(word, { maxLength: 4 });
const pairs = fc.dictionary(word, fc.oneof(word, fc.constant(null)), { maxKeys: 3 });
const names = fc.oneof(text, fc.constantFrom('a', 'a', 'b', 'A', 'a/b', 'a__b'));

/** One server's entry, with every key that the schema knows. */
export const entry = fields({
  command: word,
  args: words,
  env: pairs,
  envFile: word,
  cwd: word,
  url: fc.oneof(word, fc.constantFrom('http://h/mcp', 'https://u:p@h/?k=v', 'http://[', 'ftp://h')),
  urls: words,
  headers: pairs,
  type: fc.constantFrom('stdio', 'http', 'sse', 'streamable-http', 'local', 'Remote', 'STREAMABLE_HTTP', 'ws', '', null, 1),
  transport: fc.constantFrom('auto', 'http', 'sse'),
  displayName: text,
  description: text,
  disabled: fc.oneof(fc.boolean(), json),
  name: fc.oneof(text, json),
  dev: fields({ enabled: fc.boolean(), watch: words, cwd: word }),
  initTimeout: duration,
  requestTimeout: duration,
  totalTimeout: duration,
  timeout: duration,
  tools: fc.dictionary(text, fields({ requestTimeout: duration, totalTimeout: duration }), { maxKeys: 2 }),
  maxConcurrency: fc.integer(),
  maxQueue: fc.integer(),
  queueTimeout: duration,
  maxMessageSize: size,
  pingInterval: duration,
  isolation: fc.constantFrom('auto', 'shared', 'session'),
  maxConnections: fc.integer(),
  start: fc.constantFrom('eager', 'lazy', 'manual'),
  idleTimeout: duration,
  restart: fc.constantFrom('overlap', 'stop-first'),
  replicas: fc.integer(),
  oauth: fields({ clientId: word, clientSecret: word, scopes: words, redirectUri: word, grantType: word }),
  forwardHeaders: words,
  disabled_tools: fc.oneof(words, json),
  disabledTools: words,
});

/** What a whole file holds. */
export const document = fields({
  mcpServers: fc.dictionary(names, fc.oneof({ weight: 5, arbitrary: entry }, { weight: 1, arbitrary: json }), { maxKeys: 3 }),
  servers: fc.dictionary(names, entry, { maxKeys: 2 }),
  nativeMCPServers: json,
  inputs: json,
  maxToolNameLength: fc.integer(),
  startupWait: duration,
  maxBodySize: size,
  sessionIdleTimeout: duration,
  maxSessions: fc.integer(),
  shutdownTimeout: duration,
  allowedHosts: words,
  trustedHosts: words,
  marketplace: fields({ registryUrl: word, officialUrl: word, officialLimit: fc.integer(), readmeUrl: word }),
});

/** Pieces of JSON5, in any order. */
const scrambled = fc
  .array(
    fc.constantFrom(
      ...'{}[]:,+-.\\/*#',
      '"a"',
      "'b'",
      'a',
      '1',
      '0x1',
      'Infinity',
      'null',
      '//c\n',
      '/*c*/',
      '\n',
      '\u2028',
      '"',
      "'",
      '\\u0061',
      'mcpServers',
      '${',
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));
const comment = fc.constantFrom('// c\n', '/* c */', '/*', '//', ',', '}', '"', '\ufeff', '\0', '\\', ...ODD_TEXTS);

/** Texts of files: whole, nearly whole, and nothing of the kind. */
export const fileText = fc.oneof(
  { weight: 3, arbitrary: document.map((value) => JSON.stringify(value, null, 2)) },
  {
    weight: 3,
    arbitrary: damaged(
      document.map((value) => JSON.stringify(value)),
      comment,
    ),
  },
  { weight: 2, arbitrary: scrambled },
  { weight: 1, arbitrary: text },
);

/** A change of one entry, as the REST routes and the command make it. */
export const edit = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name: names, entry }),
  fc.record({ kind: fc.constant('patch' as const), name: names, patch: entry }),
  fc.record({ kind: fc.constant('remove' as const), name: names }),
);

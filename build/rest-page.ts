import { errorTable } from '../src/base/index.ts';
import { descriptionOf, errorsOf, schemaOf } from '../src/http/api/openapi.ts';
import { type Route, takes } from '../src/http/api/route.ts';

type Json = Readonly<Record<string, unknown>>;

const INTRODUCTION = `# The management API

<!-- Written by \`npm run generate\` from the table of routes in src/http/api. -->

Editors and scripts drive the hub over \`/api\`, by default on \`http://localhost:37373\`. [openapi.json](openapi.json) says the same to
programs; a running hub serves it at \`/api/openapi.json\`.

- Everything is JSON. A body needs \`Content-Type: application/json\`; fields that nobody knows are ignored. Where nothing is needed the body
  may be left out.
- Every answer has a \`timestamp\` (ISO 8601).
- Lists have an \`ETag\`: a program that asks again sends it as \`If-None-Match\` and gets 304 without a body as long as nothing but times has changed.
  The lists on \`/mcp\` are answers to POST, for which HTTP knows no such thing; there \`list_changed\` tells, and in revision 2026-07-28 \`ttlMs\`.
- Every failure is \`{error, code, data, timestamp}\` with a status of 400 or more: \`error\` is for people, \`code\` for programs
  ([errors.md](errors.md) has them all), \`data\` has the facts. A \`VALIDATION_ERROR\` names the first field that is wrong in \`data.field\` and
  all of them in \`data.issues\`.
- A \`Host\` or \`Origin\` that is not the hub's own is answered with 403, and so is a page of another site that asks without one;
  what changes the config is for programs on the same machine only, or for an API key of scope \`admin\` ([security.md](security.md)).
- Where the hub asks for an API key it is sent as \`Authorization: Bearer …\` or \`X-API-Key: …\`; without one, or with a wrong one, every route
  but two answers 401 \`UNAUTHENTICATED\`, and one without the scope of the route 403 with \`data.scope\`. Wrong keys again and again are 429.
- A path that does not exist is 404 and names the closest one; a method that it does not have is 405 with \`Allow\`.
- A body may have \`maxBodySize\` bytes (see [configuration.md](configuration.md)); a larger one is 413.

Besides the errors that a route lists, every route can answer 401 \`UNAUTHENTICATED\`, 403 \`FORBIDDEN\`, 429 \`LIMIT_EXCEEDED\` and 500 \`UNHANDLED_ERROR\`, and every route that takes a body
400 \`PARSE_ERROR\` or \`INVALID_REQUEST\`, 408 \`REQUEST_TIMEOUT\`, 413 \`BODY_TOO_LARGE\` and 415 \`UNSUPPORTED_MEDIA_TYPE\`.
`;

/** JSON up to this length stands on one line, in characters. */
const MAX_LINE = 100;

/** What the introduction says of all routes. */
const COMMON: ReadonlySet<string> = new Set([
  'FORBIDDEN',
  'UNHANDLED_ERROR',
  'PARSE_ERROR',
  'INVALID_REQUEST',
  'REQUEST_TIMEOUT',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
]);

/** docs/rest-api.md, from the table of routes. */
export function restPage(routes: readonly Route[]): string {
  const components: Record<string, unknown> = {};
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  const sections = tags.map((tag) => {
    const own = routes.filter((route) => route.tag === tag).map((route) => routeSection(route, components));
    return `## ${tag}\n\n${own.join('\n')}`;
  });
  const objects = Object.entries(components)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => `### ${name}\n\n${String(Object(schema).description)}\n\n${fieldTable(Object(schema), 'always')}\n`);
  return [INTRODUCTION, contents(routes), ...sections, `## Objects\n\n${objects.join('\n')}`].join('\n');
}

function contents(routes: readonly Route[]): string {
  const rows = routes.map((route) => `| [\`${title(route)}\`](#${anchor(route)}) | ${route.summary} |`);
  return `| route | |\n|---|---|\n${rows.join('\n')}\n`;
}

const title = ({ method, path }: Route): string => `${method.toUpperCase()} ${path}`;

/** As GitHub makes one of a heading. */
const anchor = (route: Route): string =>
  title(route)
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

function routeSection(route: Route, components: Record<string, unknown>): string {
  const { summary, ifMatch, answerHeaders = {} } = route;
  const description = descriptionOf(route);
  const answer = schemaOf(route.answer, 'output', components);
  const parts = [
    `### ${title(route)}\n`,
    `${summary}.${description === undefined ? '' : ` ${description}`}\n`,
    part(route, 'params', 'In the path', components),
    part(route, 'query', 'In the query', components),
    part(route, 'body', 'In the body', components),
    ifMatch ? '`If-Match`: the `ETag` of the config when it was read; if it is another by now, nothing is changed.\n' : '',
    '```sh',
    curl(route),
    '```\n',
    answerSection(route, answer),
    ...Object.entries(answerHeaders).map(([name, meaning]) => `\`${name}\`: ${meaning}\n`),
    errorsLine(route),
  ];
  return parts.filter((text) => text !== '').join('\n');
}

function part(route: Route, name: 'params' | 'query' | 'body', words: string, components: Record<string, unknown>): string {
  if (!takes(route, name)) return '';
  const schema = schemaOf(route[name], 'input', components);
  const table = fieldTable(schema);
  return `${words}:\n\n${table === '' ? `${String(schema['description'])}\n` : `${table}\n`}`;
}

/** @param needed what is said of a field that has to be there */
function fieldTable(schema: Json, needed = 'required'): string {
  const rows = rowsOf(schema, '', needed);
  return rows.length === 0 ? '' : ['| field | value | | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** A row for each field, those of objects in it after it. */
function rowsOf(schema: Json, prefix: string, words: string): readonly string[] {
  const { properties, required } = objectOf(schema);
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.entries(Object(properties) as Record<string, Json>).flatMap(([name, field]) => {
    const isNeeded = needed.includes(name) && field['default'] === undefined;
    const meaning = String(field['description'] ?? '').replaceAll('|', '\\|');
    const row = `| \`${prefix}${name}\` | ${typeOf(field)} | ${isNeeded ? words : ''} | ${meaning} |`;
    return [row, ...rowsOf(field, `${prefix}${name}.`, words)];
  });
}

/** Of a schema that may be null as well, the one that is not. */
function objectOf(schema: Json): Json {
  const { anyOf } = schema;
  const [first]: unknown[] = Array.isArray(anyOf) ? anyOf : [];
  return schema['properties'] === undefined && first !== undefined ? Object(first) : schema;
}

function typeOf(schema: Json): string {
  const { type, anyOf, $ref, items } = schema;
  const { enum: values, const: value } = schema;
  if (typeof $ref === 'string') return `[${$ref.split('/').at(-1)}](#${$ref.split('/').at(-1)?.toLowerCase()})`;
  if (Array.isArray(anyOf)) return anyOf.map((each) => typeOf(Object(each))).join(' or ');
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (Array.isArray(values) && values.length <= 8) return values.map((each) => `\`${JSON.stringify(each)}\``).join(', ');
  if (type === 'array') return `array of ${items === undefined ? 'anything' : typeOf(Object(items))}`;
  if (Array.isArray(type)) return type.join(' or ');
  return typeof type === 'string' ? type : 'anything';
}

function curl({ method, path, example }: Route): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(example.params?.[name] ?? ''));
  const address = `http://localhost:37373${filled}${example.query === undefined ? '' : `?${example.query}`}`;
  const verb = method === 'get' ? '' : `-X ${method.toUpperCase()} `;
  const stream = path === '/api/events' ? '-N ' : '';
  const body = example.body && ` \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(example.body)}'`;
  return `curl ${stream}${verb}'${address}'${body ?? ''}`;
}

function answerSection({ mediaType, example, ...route }: Route, answer: Json): string {
  const status = route.status ?? 200;
  if (typeof example.answer === 'string')
    return `Answers ${status} with \`${String(mediaType)}\`:\n\n\`\`\`\n${example.answer.trim()}\n\`\`\`\n`;
  const json = `\`\`\`json\n${pretty(example.answer)}\n\`\`\``;
  return `Answers ${status}:\n\n${json}\n\n${fieldTable(answer, 'always')}\n${otherAnswers(answer)}`;
}

/** Of an answer that may look in several ways, those that have a name; the first one is shown in full. */
function otherAnswers({ anyOf }: Json): string {
  const [, ...others]: unknown[] = Array.isArray(anyOf) ? anyOf : [];
  return others.length === 0 ? '' : `\nOr ${others.map((one) => typeOf(Object(one))).join(' or ')}.\n`;
}

/** Indented JSON, with what is short on one line. */
function pretty(value: unknown, indent = ''): string {
  const line = JSON.stringify(value);
  if (line.length <= MAX_LINE || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((each) => inner + pretty(each, inner)).join(',\n')}\n${indent}]`;
  const fields = Object.entries(value).map(([key, each]) => `${inner}${JSON.stringify(key)}: ${pretty(each, inner)}`);
  return `{\n${fields.join(',\n')}\n${indent}}`;
}

function errorsLine(route: Route): string {
  const own = errorsOf(route).filter((code) => !COMMON.has(code));
  const codes = own.map((code) => `${errorTable[code].httpStatus} \`${code}\``);
  return own.length === 0 ? '' : `Errors: ${codes.join(', ')}.\n`;
}

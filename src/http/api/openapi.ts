import { z } from 'zod';
import { type ErrorCode, errorTable } from '../../base/index.ts';
import { neededScope } from '../auth/route-access.ts';
import { needsBody, type Route, takes } from './route.ts';
import { EXAMPLE_TIME, problem } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

const TAGS: Readonly<Record<Route['tag'], string>> = {
  Hub: 'The hub itself.',
  Servers: 'The servers, what they are and do.',
  Calls: 'Calls of tools, prompts and resources.',
  Configuration: 'Edits of the config files.',
  Marketplace: 'Servers that can be installed.',
  Logins: 'Logins at remote servers.',
  Keys: 'The API keys: who may use the hub.',
};

/** How a key is sent, to a hub that asks for one. */
const SECURITY_SCHEMES: Json = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key, as `mcp-hub key create` and `POST /api/keys` make it.' },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The same key, where `Authorization` is taken by something else.',
  },
};

/** The routes as an OpenAPI 3.1 document. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const components: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route, components) };
  }
  schemaOf(z.object({ problem }), 'output', components);
  return {
    openapi: '3.1.1',
    info: {
      title: 'mcp-hub',
      version,
      summary: 'The management API of mcp-hub.',
      description: 'Everything is JSON. Every answer has a `timestamp`; every failure is a Problem.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://localhost:37373', description: 'The hub on its default port.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: components, securitySchemes: SECURITY_SCHEMES },
  };
}

/** Everything that a route can answer but a success: what it names, and what every route like it has. */
export function errorsOf(route: Route): readonly ErrorCode[] {
  const isChecked = takes(route, 'params') || takes(route, 'query') || takes(route, 'body') || route.ifMatch;
  const ofBody: readonly ErrorCode[] = route.method === 'get' ? [] : BODY_ERRORS;
  const all: readonly ErrorCode[] = [
    ...(isChecked ? ['VALIDATION_ERROR' as const] : []),
    ...ofBody,
    ...(neededScope(route) === 'nothing' ? [] : ['UNAUTHENTICATED' as const]),
    'FORBIDDEN',
    ...route.errors,
    'UNHANDLED_ERROR',
  ];
  return [...new Set(all)];
}

const BODY_ERRORS: readonly ErrorCode[] = ['PARSE_ERROR', 'INVALID_REQUEST', 'REQUEST_TIMEOUT', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

/** A schema as JSON Schema; the named ones in it go to `components`. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): Json {
  const { $schema: _dialect, $defs, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] = atHome(definition);
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, atHome(value)]));
}

/** References into a document of its own, as references into the whole. */
function atHome(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(atHome);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === '$ref' ? String(part).replace('#/$defs/', '#/components/schemas/') : atHome(part),
    ]),
  );
}

function operation(route: Route, components: Record<string, unknown>): Json {
  const { tag, summary, example } = route;
  const description = descriptionOf(route);
  return {
    tags: [tag],
    operationId: operationId(route),
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(route),
    ...parametersOf(route, components),
    ...(takes(route, 'body') && {
      requestBody: {
        required: needsBody(route),
        content: {
          'application/json': { schema: schemaOf(route.body, 'input', components), ...(example.body && { example: example.body }) },
        },
      },
    }),
    responses: responsesOf(route, components),
  };
}

/** What is said of a route; who may use it, where not everybody may. */
export function descriptionOf(route: Route): string | undefined {
  const { description, localOnly } = route;
  const scope = neededScope(route);
  const key = scope === 'nothing' ? 'No API key is needed.' : `A key needs the scope \`${scope}\`.`;
  return [description, localOnly && LOCAL_ONLY, key].filter(Boolean).join(' ');
}

/** A key of that scope, in one of two headers, or none at all where the hub asks for none. */
function securityOf(route: Route): readonly Json[] {
  const scope = neededScope(route);
  return scope === 'nothing' ? [] : [{}, { bearer: [scope] }, { apiKey: [scope] }];
}

const LOCAL_ONLY = 'Without a key only for programs on the same machine, at a loopback name.';

/** `postServersTools`, `getServersByNameConfig` */
function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/api\//, '').split(/[/._-]/);
  return method + words.map((word) => capital(word.startsWith(':') ? `by${capital(word.slice(1))}` : word)).join('');
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function parametersOf(route: Route, components: Record<string, unknown>): Json {
  const parameters = [...fields(route, 'params', 'path', components), ...fields(route, 'query', 'query', components)];
  if (route.ifMatch) {
    const description = 'The `ETag` of the config when it was read; if it is another by now, nothing is changed.';
    parameters.push({ name: 'If-Match', in: 'header', required: false, description, schema: { type: 'string' } });
  }
  if (route.ifNoneMatch) {
    const description = 'The `ETag` of the answer that is there already.';
    parameters.push({ name: 'If-None-Match', in: 'header', required: false, description, schema: { type: 'string' } });
  }
  return parameters.length > 0 ? { parameters } : {};
}

function fields(route: Route, part: 'params' | 'query', place: 'path' | 'query', components: Record<string, unknown>): Json[] {
  const { properties = {}, required = [] } = schemaOf(route[part], 'input', components);
  return Object.entries(Object(properties) as Record<string, Json>).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: Array.isArray(required) && required.includes(name),
    ...(description !== undefined && { description }),
    schema,
    ...(part === 'params' && route.example.params?.[name] !== undefined && { example: route.example.params[name] }),
  }));
}

function responsesOf(route: Route, components: Record<string, unknown>): Json {
  const { answer, status = 200, mediaType = 'application/json', answerHeaders = {}, example } = route;
  const headers = Object.entries(answerHeaders).map(([name, description]) => [name, { description, schema: { type: 'string' } }]);
  const success = {
    description: 'It worked.',
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    content: { [mediaType]: { schema: schemaOf(answer, 'output', components), example: example.answer } },
  };
  const dry = status === 201 ? { 200: { ...success, description: 'It would work: nothing was done.' } } : {};
  const known = route.ifNoneMatch ? { 304: { description: 'The answer that is there already is still right.' } } : {};
  return { [status]: success, ...dry, ...known, ...failures(route) };
}

function failures(route: Route): Json {
  const byStatus = grouped(errorsOf(route));
  const isPage = route.mediaType === 'text/html';
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const [code] = codes;
      const sample = { error: code && errorTable[code].meaning, code, data: {}, timestamp: EXAMPLE_TIME };
      const json = { 'application/json': { schema: { $ref: '#/components/schemas/Problem' }, example: sample } };
      const content = isPage ? { 'text/html': { schema: { type: 'string' } }, ...json } : json;
      const words = codes.map((each) => `\`${each}\`: ${errorTable[each].meaning}`).join(' ');
      return [status, { description: words, content }];
    }),
  );
}

function grouped(codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { httpStatus } = errorTable[code];
    byStatus.set(httpStatus, [...(byStatus.get(httpStatus) ?? []), code]);
  }
  return byStatus;
}

import { z } from 'zod';
import { isKeyScope, keyScopes } from '../../../config/index.ts';
import { TAGGED } from '../etag.ts';
import { NO_INPUT, type Route, route } from '../route.ts';
import { EXAMPLE_TIME, ok, timestamp } from '../schemas.ts';
import { invalidField } from '../validate.ts';

const WHY = 'concerns the keys, which say who may use the hub';
const keys = { ...NO_INPUT, tag: 'Keys', localOnly: WHY, needs: 'admin' } as const;

const scopeList = z.array(z.enum(['mcp', 'read', 'admin']));
const apiKey = z
  .looseObject({
    id: z.string().describe('Part of the key itself: by it one is told from the others.'),
    name: z.string(),
    scopes: scopeList,
    createdAt: z.string().meta({ format: 'date-time' }),
    expiresAt: z.string().nullable().meta({ format: 'date-time', description: 'When it ends; `null` for never.' }),
    lastUsedAt: z.string().nullable().meta({ format: 'date-time', description: 'To about a minute; `null` when it never was.' }),
  })
  .describe('A key without its secret, of which the hub keeps only a hash.');

const EXAMPLE_KEY = {
  id: 'x7k2m9qa',
  name: 'laptop',
  scopes: ['mcp'],
  createdAt: EXAMPLE_TIME,
  expiresAt: null,
  lastUsedAt: null,
};

const list = route({
  ...keys,
  method: 'get',
  path: '/api/keys',
  summary: 'List the API keys',
  ...TAGGED,
  answer: z.looseObject({ keys: z.array(apiKey), timestamp }),
  errors: ['CONFIG_ERROR'],
  example: { answer: { keys: [EXAMPLE_KEY], timestamp: EXAMPLE_TIME } },
  run: (_, { management }) => {
    const body = { keys: management.keys.list() };
    return { body, taggedBy: body };
  },
});

const create = route({
  ...keys,
  method: 'post',
  path: '/api/keys',
  summary: 'Make an API key',
  description: 'The key itself is in this answer and nowhere else.',
  body: z.looseObject({
    name: z.string().min(1).describe('what the key is for, a string; no two keys have the same name.'),
    scopes: z
      .array(z.string())
      .min(1)
      .nullish()
      .describe(`what it is good for, a list of ${Object.keys(keyScopes).join(', ')}; \`["mcp"]\` when it is not given.`),
    expires: z
      .string()
      .nullish()
      .describe('how long it lasts, a string as `12h`, `90d` or `4w`, or until when, as `2027-01-31`; for ever when it is not given.'),
  }),
  status: 201,
  answer: z.looseObject({ status: ok, key: z.string().describe('The key: shown this once.'), entry: apiKey, timestamp }),
  errors: ['ALREADY_EXISTS', 'LIMIT_EXCEEDED', 'CONFIG_ERROR'],
  example: {
    body: { name: 'laptop', scopes: ['mcp'], expires: '90d' },
    answer: { status: 'ok', key: 'mcphub_x7k2m9qa_…', entry: EXAMPLE_KEY, timestamp: EXAMPLE_TIME },
  },
  run: async ({ body: { name, scopes, expires } }, { management }) => {
    const wanted = scopes ?? ['mcp'];
    if (!wanted.every(isKeyScope)) {
      throw invalidField('body', 'scopes', 'names something else', `It takes: a list of ${Object.keys(keyScopes).join(', ')}.`);
    }
    const { text, key } = await management.keys.create({ name, scopes: wanted, expires: expires ?? undefined });
    return { status: 201, body: { status: 'ok', key: text, entry: key } };
  },
});

const revoke = route({
  ...keys,
  method: 'delete',
  path: '/api/keys/:id',
  summary: 'Revoke an API key',
  description: 'It is good for nothing from now on, and what is open for it ends within a second or two.',
  params: z.looseObject({ id: z.string().min(1).describe('the id of the key, or its name.') }),
  answer: z.looseObject({ status: ok, entry: apiKey, timestamp }),
  errors: ['RESOURCE_NOT_FOUND', 'CONFIG_ERROR'],
  example: { params: { id: 'x7k2m9qa' }, answer: { status: 'ok', entry: EXAMPLE_KEY, timestamp: EXAMPLE_TIME } },
  run: async ({ params }, { management }) => ({ body: { status: 'ok', entry: await management.keys.revoke(params.id) } }),
});

/** The API keys. */
export const keyRoutes: readonly Route[] = [list, create, revoke];

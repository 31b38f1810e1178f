import { z } from 'zod';
import { TAGGED } from '../etag.ts';
import { NO_INPUT, type Route, route } from '../route.ts';
import { EXAMPLE_TIME, timestamp } from '../schemas.ts';

const SORTS = ['newest', 'stars', 'name'] as const;

const listed = z
  .looseObject({ id: z.string(), name: z.string() })
  .meta({ id: 'MarketplaceServer', description: 'One server that can be installed.' });

const EXAMPLE = { id: 'time', name: 'Time', description: 'Tells the time.', author: 'Ada', url: 'https://example.com', tags: ['clock'] };

const list = route({
  ...NO_INPUT,
  method: 'get',
  path: '/api/marketplace',
  tag: 'Marketplace',
  summary: 'Servers that can be installed',
  query: z.looseObject({
    search: z.string().optional().describe('words to look for, in name, description and tags.'),
    category: z.string().optional().describe('a category.'),
    tags: z.string().optional().describe('tags, separated by commas.'),
    sort: z.enum(SORTS).optional().catch(undefined).describe('the order: `newest`, `stars` or `name`; anything else counts as `newest`.'),
  }),
  ...TAGGED,
  answer: z.looseObject({
    servers: z.array(listed),
    warning: z.string().optional().describe('Why the list may be out of date.'),
    timestamp,
  }),
  errors: ['MARKETPLACE_ERROR'],
  example: { query: 'search=time&sort=stars', answer: { servers: [EXAMPLE], timestamp: EXAMPLE_TIME } },
  run: async ({ query: { search, category, tags, sort } }, { management }) => {
    const names = tags?.split(',').flatMap((tag) => tag.trim() || []) ?? [];
    const { servers, warning } = await management.marketplace.list({
      search: search || undefined,
      category: category || undefined,
      tags: names.length > 0 ? names : undefined,
      sort,
    });
    const body = { servers, ...(warning !== undefined && { warning }) };
    return { body, taggedBy: body };
  },
});

const details = route({
  ...NO_INPUT,
  method: 'post',
  path: '/api/marketplace/details',
  needs: 'read',
  tag: 'Marketplace',
  summary: 'Everything about one of them',
  description: 'The same facts stand in `server` and, for clients that look for them there, in `server.server` and `server.readmeContent`.',
  body: z.looseObject({ mcpId: z.string().min(1).describe('the id of a server, a string as GET /api/marketplace lists it.') }),
  answer: z.looseObject({
    server: listed.extend({ server: listed, readmeContent: z.string().nullable() }),
    readmeContent: z.string().nullable().describe('Markdown.'),
    timestamp,
  }),
  errors: ['RESOURCE_NOT_FOUND', 'MARKETPLACE_ERROR'],
  example: {
    body: { mcpId: 'time' },
    answer: { server: { ...EXAMPLE, server: EXAMPLE, readmeContent: '# Time' }, readmeContent: '# Time', timestamp: EXAMPLE_TIME },
  },
  run: async ({ body }, { management }) => {
    const { server, readmeContent } = await management.marketplace.details(body.mcpId);
    return { body: { server: { ...server, server, readmeContent }, readmeContent } };
  },
});

/** The marketplace. */
export const marketplaceRoutes: readonly Route[] = [list, details];

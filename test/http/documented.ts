import { z } from 'zod';
import { openApiDocument } from '../../src/http/api/openapi.ts';
import type { Route } from '../../src/http/api/route.ts';
import { routes } from '../../src/http/api/routes.ts';
import type { ApiReply } from './api-harness.ts';

/** The document with its references as JSON Schema alone has them. */
const document = JSON.parse(JSON.stringify(openApiDocument(routes, '1.2.3')).replaceAll('#/components/schemas/', '#/$defs/'));

/** `get /api/health` */
export const keyOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;

/** What is not as the OpenAPI document says in an answer of a route: nothing, when all is well. */
export function undocumented(key: string, { status, headers, text }: ApiReply): readonly unknown[] {
  const [method = '', path = ''] = key.split(' ');
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  const { responses } = document.paths[path.replace(/:(\w+)/g, '{$1}')][method];
  const content = responses[status]?.content?.[mediaType];
  if (!content) return [`The document has no answer ${status} in ${mediaType} of ${key}: ${text}`];
  const schema = z.fromJSONSchema({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...content.schema,
    $defs: document.components.schemas,
  });
  const sent: unknown = mediaType === 'application/json' ? JSON.parse(text) : text;
  return schema.safeParse(sent).error?.issues ?? [];
}

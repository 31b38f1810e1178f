import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { mount } from '../../src/http/api/create-api.ts';
import { openApiDocument } from '../../src/http/api/openapi.ts';
import { routes } from '../../src/http/api/routes.ts';
import { neededScope } from '../../src/http/auth/route-access.ts';
import { MemoryManagement } from '../support/memory-management.ts';

const document = openApiDocument(routes, '1.2.3');
const { paths } = JSON.parse(JSON.stringify(document));

/** Every route of the Express app, as `get /api/health`. */
function mounted(): readonly string[] {
  const app = mount({
    management: new MemoryManagement(),
    endpoint: { hasServer: () => false, callDirectly: () => Promise.reject(new Error('unused')) },
    streams: { summary: () => ({ activeClients: 0, connections: {} }) },
    clock: systemClock,
    logger: silentLogger,
    version: '1.2.3',
    maxBodyBytes: () => 1,
  });
  return app.router.stack.flatMap(({ route }) => (route ? route.stack.map(({ method }) => `${method} ${route.path}`) : []));
}

const inTable = (all = routes): readonly string[] => all.map(({ method, path }) => `${method} ${path}`).sort();

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('has every route of the table, and every route of the app is in the table', () => {
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(Object(methods)).map((method) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(described.sort()).toEqual(inTable());
    expect([...mounted()].sort()).toEqual(inTable(routes.filter(({ run }) => run)));
    expect(new Set(described).size).toBe(described.length);
  });

  it('has the version of the hub, names of its own for all operations, and the event stream', () => {
    expect(document).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
    const ids = [...JSON.stringify(paths).matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
    expect(ids).toHaveLength(routes.length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(paths['/api/events'].get.responses[200].content).toHaveProperty('text/event-stream');
  });

  it('refers to nothing that is not there', () => {
    const text = JSON.stringify(document);
    const names = Object.keys(JSON.parse(text).components.schemas);
    const references = [...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference = '']) => reference);
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) expect(names.map((name) => `#/components/schemas/${name}`)).toContain(reference);
  });

  it('says how keys are sent, and which scope each operation takes', () => {
    const { components } = JSON.parse(JSON.stringify(document));
    expect(Object.keys(components.securitySchemes)).toEqual(['bearer', 'apiKey']);
    for (const route of routes) {
      const { security, responses } = paths[route.path.replace(/:(\w+)/g, '{$1}')][route.method];
      const scope = neededScope(route);
      const isOpen = scope === 'nothing';
      expect([route.path, security]).toEqual([route.path, isOpen ? [] : [{}, { bearer: [scope] }, { apiKey: [scope] }]]);
      expect([route.path, '401' in responses || isOpen]).toEqual([route.path, true]);
    }
  });

  it('tells every status that the table of errors gives a route', () => {
    expect(Object.keys(paths['/api/servers/tools'].post.responses)).toEqual(
      expect.arrayContaining(['200', '400', '403', '404', '408', '413', '415', '422', '500', '502', '503', '504']),
    );
    expect(Object.keys(paths['/api/servers'].post.responses)).toEqual(expect.arrayContaining(['200', '201', '409', '412', '422']));
  });
});

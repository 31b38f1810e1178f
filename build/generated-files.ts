import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';
import { configSchema } from './config-schema.ts';
import { errorsPage } from './errors-page.ts';
import { openApiDocument } from '../src/http/api/openapi.ts';
import { routes } from '../src/http/api/routes.ts';
import { limitsPage } from './limits-page.ts';
import { restPage } from './rest-page.ts';

/** The files that are made from the sources, by path, with their content. A unit test holds them to it. */
export async function generatedFiles(root: string): Promise<Readonly<Record<string, string>>> {
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    'schema/mcp-servers.schema.json': `${JSON.stringify(configSchema(), null, 2)}\n`,
    'docs/cli.md': await cliPage(readFileSync(join(root, 'build/cli.template.md'), 'utf8')),
    'docs/errors.md': errorsPage(),
    'docs/limits.md': limitsPage(root),
    'docs/openapi.json': `${JSON.stringify(openApiDocument(routes, version), null, 2)}\n`,
    'docs/rest-api.md': restPage(routes),
    'docs/configuration.md': configPage(readFileSync(join(root, 'build/configuration.template.md'), 'utf8')),
  };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';
import { configSchema } from './config-schema.ts';
import { errorsPage } from './errors-page.ts';

/** The files that are made from the sources, by path, with their content. A unit test holds them to it. */
export async function generatedFiles(root: string): Promise<Readonly<Record<string, string>>> {
  return {
    'schema/mcp-servers.schema.json': `${JSON.stringify(configSchema(), null, 2)}\n`,
    'docs/cli.md': await cliPage(readFileSync(join(root, 'build/cli.template.md'), 'utf8')),
    'docs/errors.md': errorsPage(),
    'docs/configuration.md': configPage(readFileSync(join(root, 'build/configuration.template.md'), 'utf8')),
  };
}

import { loginFields } from '../src/config/login-fields.ts';
import { oauthFields } from '../src/config/oauth-entry.ts';
import {
  commonFields,
  devFields,
  filterFields,
  keptFields,
  remoteFields,
  serverFields,
  stdioFields,
  toolTimeoutFields,
} from '../src/config/schema.ts';
import { keptTopFields, marketplaceFields, settingFields } from '../src/config/setting-fields.ts';
import { type JsonSchema, objectSchema } from '../src/config/types.ts';

/** The published JSON Schema of a config file. Unknown keys are allowed in it, as they are in the hub: it only warns. */
export function configSchema(): JsonSchema {
  const servers = {
    description: 'The servers, each under its name.',
    type: 'object',
    propertyNames: { minLength: 1 },
    additionalProperties: { $ref: '#/$defs/server' },
  };
  const top = objectSchema({ ...settingFields, ...keptTopFields });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'MCP servers of mcp-hub',
    description: 'A config file of mcp-hub. The hub reads it as JSON5.',
    ...top,
    properties: { mcpServers: servers, servers, ...Object(top['properties']) },
    not: { required: ['mcpServers', 'servers'] },
    $defs: { server: serverSchema() },
  };
}

function serverSchema(): JsonSchema {
  return {
    ...objectSchema(serverFields),
    oneOf: [
      {
        title: 'A server that the hub starts',
        required: ['command'],
        not: { required: ['url'] },
        properties: { type: { const: 'stdio' } },
      },
      {
        title: 'A server that runs elsewhere',
        required: ['url'],
        not: { required: ['command'] },
        properties: { type: { not: { const: 'stdio' } } },
      },
    ],
  };
}

/** The tables of docs/configuration.md, in its order. */
export const tables = {
  stdioFields,
  devFields,
  remoteFields: { ...remoteFields, ...loginFields },
  oauthFields,
  commonFields,
  toolTimeoutFields,
  filterFields,
  keptFields,
  settingFields,
  marketplaceFields,
  keptTopFields,
} as const;

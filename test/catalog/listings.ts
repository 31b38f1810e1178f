import type { Listing } from '../../src/catalog/index.ts';
import type { JsonObject } from '../../src/protocol/index.ts';

interface ListingParts {
  readonly tools?: readonly JsonObject[];
  readonly prompts?: readonly JsonObject[];
  readonly resources?: readonly JsonObject[];
  readonly resourceTemplates?: readonly JsonObject[];
}

/** A listing as an upstream would hand it over. */
export function listing(items: ListingParts): Listing {
  return {
    identity: { era: 'legacy', protocolVersion: '2025-11-25', serverInfo: { name: 'fixture', version: '1' }, capabilities: {} },
    items: { tools: [], prompts: [], resources: [], resourceTemplates: [], ...items },
  };
}

export const tool = (name: string, rest: JsonObject = {}): JsonObject => ({ name, inputSchema: { type: 'object' }, ...rest });
export const prompt = (name: string, rest: JsonObject = {}): JsonObject => ({ name, ...rest });
export const resource = (uri: string, rest: JsonObject = {}): JsonObject => ({ uri, name: uri, ...rest });
export const template = (uriTemplate: string, rest: JsonObject = {}): JsonObject => ({ uriTemplate, name: uriTemplate, ...rest });

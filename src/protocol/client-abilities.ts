import { isObject, type JsonObject, type ServerRequest } from './envelope.ts';

/** What a client must have declared to be asked something; a path into its capabilities. */
export type ClientAbility = 'sampling' | 'sampling.tools' | 'elicitation.form' | 'elicitation.url' | 'roots';

/**
 * What a client needs for a request of a server's, or `undefined` when no client answers such requests (spec 2025-11-25 and
 * 2026-07-28 client/sampling, client/elicitation, client/roots).
 */
export function abilityFor({ method, params }: ServerRequest): ClientAbility | undefined {
  switch (method) {
    case 'sampling/createMessage':
      return params?.['tools'] === undefined && params?.['toolChoice'] === undefined ? 'sampling' : 'sampling.tools';
    case 'elicitation/create':
      return params?.['mode'] === 'url' ? 'elicitation.url' : 'elicitation.form';
    case 'roots/list':
      return 'roots';
    default:
      return undefined;
  }
}

/** Whether a client with the capabilities `declared` can be asked for something that needs `ability`. */
export function hasAbility(declared: JsonObject, ability: ClientAbility): boolean {
  const [name = '', part] = ability.split('.');
  const capability = declared[name];
  if (!isObject(capability)) return false;
  // Before there were two modes, `{}` was all that a client could say; it means forms to this day.
  if (ability === 'elicitation.form' && capability['url'] === undefined) return true;
  return part === undefined || isObject(capability[part]);
}

/** The least `ClientCapabilities` that have all of `abilities` (spec 2026-07-28 schema, `MissingRequiredClientCapabilityError`). */
export function capabilitiesWith(abilities: Iterable<ClientAbility>): JsonObject {
  const capabilities: Record<string, JsonObject> = {};
  for (const ability of abilities) {
    const [name = '', part] = ability.split('.');
    capabilities[name] = { ...capabilities[name], ...(part !== undefined && { [part]: {} }) };
  }
  return capabilities;
}

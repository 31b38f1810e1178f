import type { ServerIdentity } from '../catalog/index.ts';
import { extensionId, extensionIn, type JsonObject, type JsonValue } from '../protocol/index.ts';

/**
 * The extensions of an endpoint of several servers: those that any of them declares and that the hub can lead to the right
 * one. Of an extension that it does not know it cannot say whether its methods name a server, so that one is found at
 * the server's own endpoint only.
 */
export function sharedExtensions(servers: readonly ServerIdentity[]): JsonObject {
  const modern = servers.filter(({ era }) => era === 'modern');
  return { ...union(extensionId.tasks, modern), ...union(extensionId.ui, servers) };
}

function union(id: string, servers: readonly ServerIdentity[]): JsonObject {
  const declared = servers.map(({ capabilities }) => extensionIn(capabilities, id)).filter((each) => each !== undefined);
  if (declared.length === 0) return {};
  const settings = new Map<string, JsonValue | undefined>();
  for (const one of declared) for (const [key, value] of Object.entries(one)) settings.set(key, joined(settings.get(key), value));
  return { [id]: Object.fromEntries(settings) };
}

/** Lists, of MIME types for one, are put together; of anything else the first server's word counts. */
function joined(first: JsonValue | undefined, next: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(first) && Array.isArray(next)) return [...first, ...next.filter((each) => !first.includes(each))];
  return first ?? next;
}

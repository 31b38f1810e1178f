import type { ServerDefinition } from '../../config/index.ts';

/** The definition of each replica of a server: they differ in nothing but their address. */
export function replicaDefinitions(definition: ServerDefinition): readonly [ServerDefinition, ...ServerDefinition[]] {
  if (definition.kind === 'stdio') {
    const others = Array.from({ length: (definition.replicas ?? 1) - 1 }, () => definition);
    return [definition, ...others];
  }
  if (definition.kind !== 'remote' || !definition.urls) return [definition];
  const [, ...others] = definition.urls;
  return [definition, ...others.map((url) => ({ ...definition, url }))];
}

/** Whether a replica is another server with its new definition, although the server as a whole is not. */
export function isElsewhere(before: ServerDefinition, now: ServerDefinition): boolean {
  return before.kind === 'remote' && now.kind === 'remote' && before.url !== now.url;
}

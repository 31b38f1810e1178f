import { HUB_OWNER } from '../../base/index.ts';
import type { ServerDefinition } from '../../config/index.ts';

/** Whose login the calls of a principal go by: that of the hub's owner, which all share, or its own where the entry says so. */
export function loginOwner(definition: ServerDefinition, principalId: string): string {
  return hasLoginsOfEach(definition) ? principalId : HUB_OWNER;
}

/** Whether every principal logs in by itself at a server. */
export function hasLoginsOfEach(definition: ServerDefinition): boolean {
  return definition.kind === 'remote' && definition.oauth !== false && definition.oauth?.logins === 'each';
}

import type { AuthorizationServerMetadata } from '@modelcontextprotocol/client';

export interface ScopeSources {
  /** From the challenge of a 401. */
  readonly challenged?: string | undefined;
  /** From the challenge of a 403: on top of whatever there was. */
  readonly added?: string | undefined;
  /** From the config. */
  readonly configured?: readonly string[] | undefined;
  /** What the server says that it has. */
  readonly offered?: readonly string[] | undefined;
  /** What was asked for or granted before at the same authorization server. */
  readonly before?: string | undefined;
  readonly metadata?: AuthorizationServerMetadata | undefined;
}

/**
 * What a login asks for (spec 2026-07-28 basic/authorization, "Scope Selection Strategy"): what the config says, else what the
 * challenge says, else what the server offers, else nothing; with `offline_access` where that is how refresh tokens are had. What was
 * asked for before is asked for again, so that a new login takes nothing away.
 */
export function scopeToAskFor({ challenged, added, configured, offered, before, metadata }: ScopeSources): string | undefined {
  const [own, all] = [configured?.join(' '), offered?.join(' ')];
  if (added !== undefined) return union(before ?? own ?? all, added);
  if (own !== undefined) return own;
  const base = union(challenged ?? all, before);
  const isOffline = base !== undefined && metadata?.scopes_supported?.includes('offline_access') === true;
  return isOffline ? union(base, 'offline_access') : base;
}

/** Every word of all of them once. */
export function union(...scopes: readonly (string | undefined)[]): string | undefined {
  const words = new Set(scopes.flatMap((scope) => scope?.split(/\s+/) ?? []).filter((word) => word !== ''));
  return words.size > 0 ? [...words].join(' ') : undefined;
}

/** Whether every word of `scope` is in `granted`. */
export function covers(granted: string | undefined, scope: string): boolean {
  const words = new Set(granted?.split(/\s+/));
  return scope.split(/\s+/).every((word) => word === '' || words.has(word));
}

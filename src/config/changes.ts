import { isDeepStrictEqual } from 'node:util';
import type { HubConfig } from './config.ts';
import type { ConfigDiff } from './diff.ts';
import { settingFields } from './setting-fields.ts';

/** What is different in a config, in the words of its files: for people. What comes of it is {@link ConfigDiff}'s to say. */
export interface ConfigChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** By the name of the server, the keys of its entry that are different; none where only the file is another one. */
  readonly changed: Readonly<Record<string, readonly string[]>>;
  readonly settings: readonly string[];
}

/** What `after` says that `before` did not. Pure. */
export function configChanges(before: HubConfig, after: HubConfig, { added, removed, modified }: ConfigDiff): ConfigChanges {
  const [old, now] = [entriesOf(before), entriesOf(after)];
  const kept = after.servers.map(({ id }) => id).filter((id) => !added.includes(id));
  const changed = kept.map((id) => [id, differing(old[id], now[id])] as const);
  return {
    added,
    removed,
    changed: Object.fromEntries(changed.filter(([id, keys]) => keys.length > 0 || modified.includes(id))),
    settings: differing(before.document, after.document).filter((key) => Object.hasOwn(settingFields, key)),
  };
}

/** The changes in a few words; empty when there are none. */
export function changeWords({ added, removed, changed, settings }: ConfigChanges): string {
  const servers = Object.entries(changed).map(([name, keys]) => (keys.length > 0 ? `${name} (${keys.join(', ')})` : name));
  const parts = [
    ['added', added],
    ['removed', removed],
    ['changed', servers],
    [settings.length === 1 ? 'setting' : 'settings', settings],
  ] as const;
  return parts
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what} ${names.join(', ')}`)
    .join('; ');
}

function entriesOf({ document }: HubConfig): Readonly<Record<string, unknown>> {
  return objectOf(document['mcpServers']);
}

/** The keys of which two objects say different things. */
function differing(one: unknown, other: unknown): readonly string[] {
  const [before, after] = [objectOf(one), objectOf(other)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

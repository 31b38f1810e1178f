import { isObject } from '../../protocol/index.ts';
import { readEntry, type RegistryEntry, textOf } from './entries.ts';
import { officialEntry } from './official-entry.ts';
import { unreadable } from './reasons.ts';

/** How the lists of one kind of registry are read. */
export interface RegistryKind {
  /** The address of the first page. */
  first(base: string): string;
  /** @throws HubError MARKETPLACE_ERROR when the JSON is no such list */
  page(url: string, json: unknown): { readonly entries: readonly RegistryEntry[]; readonly next?: string | undefined };
}

/** One file with all entries. */
export const communityKind: RegistryKind = {
  first: (base) => base,
  page(url, json) {
    if (!isObject(json) || !Array.isArray(json['servers'])) throw unreadable(url, 'garbage', 'it has no list "servers"');
    return { entries: json['servers'].flatMap((item: unknown) => readEntry(item) ?? []) };
  },
};

/** Most entries that the registry gives at once. */
const PAGE_SIZE = 100;

/** The MCP Registry API, `/v0.1/servers`: the latest version of each server, in pages with a cursor. */
export const officialKind: RegistryKind = {
  first: (base) => `${root(base)}/v0.1/servers?version=latest&limit=${PAGE_SIZE}`,
  page(url, json) {
    if (!isObject(json) || !Array.isArray(json['servers'])) throw unreadable(url, 'garbage', 'it has no list "servers"');
    const metadata = isObject(json['metadata']) ? json['metadata'] : {};
    const cursor = textOf(metadata['nextCursor']);
    const next = new URL(url);
    if (cursor !== undefined) next.searchParams.set('cursor', cursor);
    return {
      entries: json['servers'].flatMap((item: unknown) => officialEntry(item) ?? []),
      next: cursor === undefined ? undefined : next.href,
    };
  },
};

/** Where the official registry is searched. */
export function searchAddress(base: string, words: string): string {
  return `${officialKind.first(base)}&search=${encodeURIComponent(words)}`;
}

/** Where one server of the official registry stands. */
export function serverAddress(base: string, name: string): string {
  return `${root(base)}/v0.1/servers/${encodeURIComponent(name)}/versions/latest`;
}

function root(base: string): string {
  return base.replace(/\/+$/, '').replace(/\/v0(?:\.1)?(?:\/servers)?$/, '');
}

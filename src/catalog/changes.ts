import { isDeepStrictEqual } from 'node:util';
import type { ChangeKind, JsonObject, ListKind } from '../protocol/index.ts';
import { changeKindOfList, LIST_KINDS } from '../protocol/index.ts';
import type { Catalog } from './catalog.ts';

/**
 * What a client would see differently in `after`, by content: a changed description counts, a new listing that says the
 * same does not. With `serverId`, in the view of that server alone.
 */
export function changesBetween(before: Catalog, after: Catalog, serverId?: string): ReadonlySet<ChangeKind> {
  const changes = new Set<ChangeKind>();
  if (before === after) return changes;
  const listOf = (catalog: Catalog, kind: ListKind): readonly JsonObject[] =>
    (serverId === undefined ? catalog.all : catalog.only(serverId))?.list(kind) ?? [];
  for (const kind of LIST_KINDS) {
    if (!sameItems(listOf(before, kind), listOf(after, kind))) changes.add(changeKindOfList[kind]);
  }
  return changes;
}

/** Items of an unchanged listing are the same objects, so most comparisons end at once. */
function sameItems(before: readonly JsonObject[], after: readonly JsonObject[]): boolean {
  if (before === after) return true;
  return before.length === after.length && before.every((item, index) => item === after[index] || isDeepStrictEqual(item, after[index]));
}

import type { JsonObject, ListKind } from '../protocol/index.ts';
import { closest } from './closest.ts';
import { disabledUri } from './disabled.ts';
import { listTexts } from './list-text.ts';
import type { Member } from './offer.ts';
import type { CatalogView, Target } from './view.ts';

const NOTHING: readonly JsonObject[] = Object.freeze([]);

/** The view of one server: its own names. It has the last word on every URI, listed or not. */
export function serverView(member: Member): CatalogView {
  const { serverId, offer, disabled } = member;
  const target = (kind: 'tools' | 'prompts', name: string): Target | undefined => {
    const item = offer?.byKey[kind].get(name);
    return item && { serverId, name, item };
  };
  const keys = (kind: ListKind): readonly string[] => [...(offer?.byKey[kind].keys() ?? [])];
  const texts = listTexts((kind) => [offer?.items[kind] ?? NOTHING]);
  return {
    servers: Object.freeze([serverId]),
    list: (kind) => offer?.items[kind] ?? NOTHING,
    listText: (kind, era) => texts[kind].in(era),
    tool: (name) => target('tools', name),
    plainTool: (name) => target('tools', name),
    prompt: (name) => target('prompts', name),
    resource: (uri) => [{ serverId, uri, exact: offer?.byKey.resources.has(uri) ?? false }],
    template: (uri) => [{ serverId, uri, exact: offer?.byKey.resourceTemplates.has(uri) ?? false }],
    disabled: (kind, name) => (disabled?.[kind].has(name) ? { serverId, kind, name, exact: true } : undefined),
    disabledUri: (_, uri) => disabledUri(member, uri),
    silentOwner: () => (offer ? undefined : serverId),
    closest: (kind, name, max = 3) =>
      closest(
        name,
        keys(kind).map((each) => ({ exposed: each, original: each })),
        max,
      ),
  };
}

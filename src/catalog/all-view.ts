import { matchesTemplate } from '../protocol/index.ts';
import { type Candidate, closest } from './closest.ts';
import { buildNameTable, type NameTable } from './name-table.ts';
import { buildDisabledTable, disabledUri } from './disabled.ts';
import { type Naming, SEPARATOR } from './names.ts';
import { listTexts } from './list-text.ts';
import type { Member } from './offer.ts';
import { buildUriTable } from './uri-table.ts';
import type { CatalogNote, CatalogView, Target, UriTarget } from './view.ts';

/** The view of everything: all servers under exposed names. Adds to `notes` what had to be renamed. */
export function buildAllView(members: readonly Member[], naming: Naming, notes: CatalogNote[]): CatalogView {
  const names = {
    tools: buildNameTable('tools', members, naming, notes),
    prompts: buildNameTable('prompts', members, naming, notes),
  };
  const uris = {
    resources: buildUriTable('resources', members, naming, notes),
    resourceTemplates: buildUriTable('resourceTemplates', members, naming, notes),
  };
  const disabled = buildDisabledTable(members, naming);
  const byId = new Map(members.map((member) => [member.serverId, member]));
  const tables = { ...names, ...uris };
  const texts = listTexts((kind) => tables[kind].parts);
  return {
    servers: Object.freeze(members.map(({ serverId }) => serverId)),
    list: (kind) => tables[kind].items,
    listText: (kind, era) => texts[kind].in(era),
    tool: (name) => names.tools.byExposed.get(name)?.target,
    plainTool: (name) => onlyTool(name, members),
    prompt: (name) => names.prompts.byExposed.get(name)?.target,
    resource(uri) {
      const exact = uris.resources.exact(uri) ?? appOf(uri, members);
      return exact ? [exact] : guesses(uri, members);
    },
    template(uriTemplate) {
      const exact = uris.resourceTemplates.exact(uriTemplate);
      return exact ? [exact] : this.resource(uriTemplate);
    },
    disabled,
    disabledUri(serverId, uri) {
      const member = byId.get(serverId);
      return member && disabledUri(member, uri);
    },
    silentOwner: (name) => members.find(({ serverId, offer }) => !offer && name.startsWith(naming.slug(serverId) + SEPARATOR))?.serverId,
    closest: (kind, name, max = 3) => closest(name, candidates(names[kind]), max),
  };
}

function onlyTool(name: string, members: readonly Member[]): Target | undefined {
  const found = members.flatMap(({ serverId, offer }) => {
    const item = offer?.byKey.tools.get(name);
    return item ? [{ serverId, name, item }] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}

/** The first server whose tools show their results by this resource, which need not be listed (MCP Apps, SEP-1865). */
function appOf(uri: string, members: readonly Member[]): UriTarget | undefined {
  const owner = members.find(({ offer }) => offer?.uiUris.has(uri));
  return owner && { serverId: owner.serverId, uri, exact: true };
}

/** Servers that may have an unlisted URI: those with a template that it fits. */
function guesses(uri: string, members: readonly Member[]): readonly UriTarget[] {
  return members.filter((member) => fitsTemplate(uri, member)).map(({ serverId }) => ({ serverId, uri, exact: false }));
}

function fitsTemplate(uri: string, { offer }: Member): boolean {
  return [...(offer?.byKey.resourceTemplates.keys() ?? [])].some((template) => matchesTemplate(template, uri));
}

function* candidates({ byExposed }: NameTable): Iterable<Candidate> {
  for (const { exposed, target } of byExposed.values()) yield { exposed, original: target.name };
}

import { LIST_KINDS, type ListKind, matchesTemplate } from '../protocol/index.ts';
import type { Naming } from './names.ts';
import type { Member, Offer } from './offer.ts';

/** What the config keeps a server from offering, by the server's own names, URIs and templates. */
export type DisabledItems = Readonly<Partial<Record<ListKind, readonly string[]>>>;

/** One item that the config keeps from being offered. */
export interface DisabledItem {
  readonly serverId: string;
  readonly kind: ListKind;
  /** The server's own name, URI or template of it, as the config has it. */
  readonly name: string;
  /** `false` when it is only known by a name that another server may give to something of its own. */
  readonly exact: boolean;
}

/** The same for look-ups; `undefined` when nothing is disabled. */
export type DisabledNames = Readonly<Record<ListKind, ReadonlySet<string>>>;

export function disabledNames(items: DisabledItems | undefined): DisabledNames | undefined {
  if (!items || LIST_KINDS.every((kind) => (items[kind] ?? []).length === 0)) return undefined;
  const names = (kind: ListKind): ReadonlySet<string> => new Set(items[kind]);
  return { tools: names('tools'), prompts: names('prompts'), resources: names('resources'), resourceTemplates: names('resourceTemplates') };
}

/** The offer without what is disabled, and with a finding for every name that stands for nothing. */
export function withoutDisabled(offer: Offer, disabled: DisabledNames): Offer {
  const known = filtered.get(offer);
  const fingerprint = JSON.stringify(LIST_KINDS.map((kind) => [...disabled[kind]]));
  if (known?.fingerprint === fingerprint) return known.offer;
  const made = filter(offer, disabled);
  filtered.set(offer, { fingerprint, offer: made });
  return made;
}

/** The same config makes the same object of the same listing, so that what did not change is not worked out again. */
const filtered = new WeakMap<Offer, { readonly fingerprint: string; readonly offer: Offer }>();

function filter(offer: Offer, disabled: DisabledNames): Offer {
  const byKey = perKind((kind) => new Map([...offer.byKey[kind]].filter(([name]) => !disabled[kind].has(name))));
  const found = offer.findings.filter(({ kind, name }) => !disabled[kind].has(name));
  const vain = LIST_KINDS.flatMap((kind) =>
    [...disabled[kind]]
      .filter((name) => !offer.byKey[kind].has(name) && !offer.findings.some((finding) => finding.kind === kind && finding.name === name))
      .map((name) => ({ kind, name, severity: 'warning' as const, reason: `"${keyOf(kind)}" names it, but the server does not list it` })),
  );
  const isWhole = (kind: ListKind): boolean => byKey[kind].size === offer.byKey[kind].size;
  return {
    ...offer,
    byKey,
    items: perKind((kind) => (isWhole(kind) ? offer.items[kind] : [...byKey[kind].values()])),
    findings: [...found, ...vain],
  };
}

/** The key of a server's entry in the config that disables items of a kind. */
export function keyOf(kind: ListKind): `disabled_${ListKind}` {
  return `disabled_${kind}`;
}

/** The disabled tools and prompts of all servers under the names that they would be offered by. */
export function buildDisabledTable(
  members: readonly Member[],
  naming: Naming,
): (kind: 'tools' | 'prompts', name: string) => DisabledItem | undefined {
  const exposed = { tools: new Map<string, DisabledItem>(), prompts: new Map<string, DisabledItem>() };
  const plain = new Map<string, DisabledItem>();
  for (const { serverId, disabled } of members) {
    for (const kind of ['tools', 'prompts'] as const) {
      for (const name of disabled?.[kind] ?? []) exposed[kind].set(naming.exposed(serverId, name), { serverId, kind, name, exact: true });
    }
    for (const name of disabled?.tools ?? []) plain.set(name, { serverId, kind: 'tools', name, exact: false });
  }
  return (kind, name) => exposed[kind].get(name) ?? (kind === 'tools' ? plain.get(name) : undefined);
}

/**
 * What keeps a server's URI from being read: that it is disabled itself, or that it is not listed and only fits templates that
 * are.
 */
export function disabledUri({ serverId, offer, disabled }: Member, uri: string): DisabledItem | undefined {
  if (!disabled) return undefined;
  if (disabled.resources.has(uri)) return { serverId, kind: 'resources', name: uri, exact: true };
  const { resourceTemplates: templates } = disabled;
  if (templates.has(uri)) return { serverId, kind: 'resourceTemplates', name: uri, exact: true };
  if (templates.size === 0 || offer?.byKey.resources.has(uri)) return undefined;
  const fitting = (all: Iterable<string>): string | undefined => [...all].find((template) => matchesTemplate(template, uri));
  const name = fitting(templates);
  if (name === undefined || fitting(offer?.byKey.resourceTemplates.keys() ?? []) !== undefined) return undefined;
  return { serverId, kind: 'resourceTemplates', name, exact: true };
}

function perKind<T>(value: (kind: ListKind) => T): Readonly<Record<ListKind, T>> {
  return {
    tools: value('tools'),
    prompts: value('prompts'),
    resources: value('resources'),
    resourceTemplates: value('resourceTemplates'),
  };
}

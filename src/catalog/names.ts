import { createHash } from 'node:crypto';
import { HubError } from '../base/index.ts';

/** Two configured servers whose ids become the same slug. */
export interface SlugCollision {
  /** The one whose slug got a hash: of two that both have to be changed the later one in config order. */
  readonly serverId: string;
  readonly otherId: string;
  readonly slug: string;
}

/**
 * How original names become exposed ones: `<slug>__<original>`. A name depends on the server's id, the original name,
 * the limit and the configured ids, never on which servers have started or on what they offer.
 */
export interface Naming {
  /** The server's part of its exposed names; different for every configured server. */
  slug(serverId: string): string;
  /**
   * The exposed name: legal (`[A-Za-z0-9_-]`) and within the limit. With `hashLength`, in the form with a hash of that
   * many hex digits even where the plain form would do.
   */
  exposed(serverId: string, original: string, hashLength?: number): string;
  /** Equal for two namings exactly if they give this server's names alike. */
  fingerprint(serverId: string): string;
  readonly collisions: readonly SlugCollision[];
}

export interface NamingOptions {
  /** All configured servers, in config order. */
  readonly serverIds: readonly string[];
  /** Most characters in an exposed name. */
  readonly maxLength: number;
}

/** Between slug and original name. */
export const SEPARATOR = '__';
/** Digits of a hash in a name; 24 bits, together with what is left of the name itself. */
const HASH_LENGTH = 6;
/** The longest hash there is, in hex digits. */
export const MAX_HASH_LENGTH = 64;
/** Below this a shortened name would be little more than its hash. */
const SHORTEST_LIMIT = 16;
const ILLEGAL = /[^A-Za-z0-9_-]/g;

/** @throws HubError CONFIG_ERROR when `maxLength` leaves no room for names. */
export function createNaming({ serverIds, maxLength }: NamingOptions): Naming {
  if (!Number.isInteger(maxLength) || maxLength < SHORTEST_LIMIT) {
    throw new HubError('CONFIG_ERROR', `maxToolNameLength is ${maxLength}; it must be a whole number of at least ${SHORTEST_LIMIT}.`);
  }
  const { slugs, collisions } = assignSlugs(serverIds);
  const slug = (serverId: string): string => slugs.get(serverId) ?? plainSlug(serverId);
  const rivals = new Map(serverIds.map((serverId) => [serverId, rivalPrefixes(slug(serverId), slugs.values())]));
  return {
    slug,
    collisions,
    exposed(serverId, original, hashLength) {
      const plain = slug(serverId) + SEPARATOR + original;
      const legal = plain.replace(ILLEGAL, '_');
      const fits = legal === plain && plain.length <= maxLength;
      if (hashLength === undefined && fits && !rivals.get(serverId)?.some((prefix) => plain.startsWith(prefix))) return plain;
      const hash = sha256(JSON.stringify([serverId, original])).slice(0, Math.min(hashLength ?? HASH_LENGTH, maxLength - 2));
      return withHash(legal, hash, maxLength);
    },
    fingerprint: (serverId) => JSON.stringify([serverId, slug(serverId), maxLength, rivals.get(serverId) ?? []]),
  };
}

/** The id with everything but ASCII letters and digits replaced by `_`. */
function plainSlug(serverId: string): string {
  return serverId.replace(/[^a-zA-Z0-9]/g, '_');
}

function assignSlugs(serverIds: readonly string[]): { slugs: ReadonlyMap<string, string>; collisions: readonly SlugCollision[] } {
  const plain = new Set(serverIds.map(plainSlug));
  const slugs = new Map<string, string>();
  const holders = new Map<string, string>();
  const collisions: SlugCollision[] = [];
  // A name that is a slug as it stands is taken from nobody, whoever else is added and wherever that one stands.
  const isPlain = (serverId: string): boolean => plainSlug(serverId) === serverId;
  for (const serverId of [...serverIds.filter(isPlain), ...serverIds.filter((id) => !isPlain(id))]) {
    const wanted = plainSlug(serverId);
    const otherId = holders.get(wanted);
    // A hashed slug keeps clear of every plain one, so that it takes nobody's name away.
    const slug =
      otherId === undefined ? wanted : hashedSlug(serverId, wanted, (candidate) => plain.has(candidate) || holders.has(candidate));
    if (otherId !== undefined) collisions.push({ serverId, otherId, slug });
    holders.set(slug, serverId);
    slugs.set(serverId, slug);
  }
  return { slugs, collisions };
}

function hashedSlug(serverId: string, wanted: string, isTaken: (slug: string) => boolean): string {
  const hash = sha256(serverId);
  let length = 4;
  while (length < MAX_HASH_LENGTH && isTaken(`${wanted}_${hash.slice(0, length)}`)) length += 1;
  return `${wanted}_${hash.slice(0, length)}`;
}

/**
 * Prefixes of other servers that a name of this one could begin with: with servers `a` and `a__b`, the tool `b__c` of
 * the first would look like the tool `c` of the second.
 */
function rivalPrefixes(slug: string, slugs: Iterable<string>): readonly string[] {
  return [...slugs]
    .filter((other) => other.length > slug.length && (other + SEPARATOR).startsWith(slug + SEPARATOR))
    .map((other) => other + SEPARATOR);
}

/** `<name>_<hash>`, or when that is too long `<start>_<hash>_<end>`: both ends of a name say something. */
function withHash(name: string, hash: string, maxLength: number): string {
  if (name.length + 1 + hash.length <= maxLength) return `${name}_${hash}`;
  const room = maxLength - hash.length - 2;
  const start = Math.ceil(room / 2);
  return `${name.slice(0, start)}_${hash}_${name.slice(name.length - (room - start))}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

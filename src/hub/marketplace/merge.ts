import { isObject } from '../../protocol/index.ts';
import { addressOf, type Installation, type RegistryEntry } from './entries.ts';
import { withUniqueNames } from './official-entry.ts';

/**
 * One list of two: the community registry's entries first and as they are, then the official ones.
 *
 * An official entry is taken for the same server as a community entry when both have the same npm package, or the same
 * repository with the same folder in it, and no other entry of either list has that too (a repository with many servers tells
 * nothing). The community entry then keeps its id and texts, gets the official name beside it and the installations that it
 * does not have yet, and the official entry is left out.
 */
export function mergeEntries(community: readonly RegistryEntry[], official: readonly RegistryEntry[]): readonly RegistryEntry[] {
  const byKey = [npmPackages, repositories];
  const partners = new Map<RegistryEntry, RegistryEntry>();
  const taken = new Set<RegistryEntry>();
  for (const keysOf of byKey) {
    const theirs = uniqueBy(official, keysOf);
    for (const [key, entry] of uniqueBy(community, keysOf)) {
      const partner = theirs.get(key);
      if (!partner || taken.has(partner) || partners.has(entry)) continue;
      partners.set(entry, partner);
      taken.add(partner);
    }
  }
  const ids = new Set(community.map(({ id }) => id));
  return [
    ...community.map((entry) => {
      const partner = partners.get(entry);
      return partner ? united(entry, partner) : entry;
    }),
    ...official.filter((entry) => !taken.has(entry) && !ids.has(entry.id)),
  ];
}

function united(entry: RegistryEntry, official: RegistryEntry): RegistryEntry {
  const known = new Set(entry.installations.map(signature));
  const more = official.installations.filter((item) => !known.has(signature(item)));
  return {
    ...official,
    ...entry,
    registryName: official.id,
    url: entry.url || official.url,
    installations: withUniqueNames([...entry.installations, ...more]),
  };
}

/** The entries by key, without keys that several have. */
function uniqueBy(
  entries: readonly RegistryEntry[],
  keysOf: (entry: RegistryEntry) => readonly string[],
): ReadonlyMap<string, RegistryEntry> {
  const found = new Map<string, RegistryEntry | undefined>();
  for (const entry of entries) {
    for (const key of new Set(keysOf(entry))) found.set(key, found.has(key) ? undefined : entry);
  }
  return new Map([...found].filter((pair): pair is [string, RegistryEntry] => pair[1] !== undefined));
}

function npmPackages(entry: RegistryEntry): readonly string[] {
  return entry.installations.map(signature).filter((text) => text.startsWith('npm '));
}

/** `github.com/owner/repo#folder`, whatever the spelling. */
function repositories({ url }: RegistryEntry): readonly string[] {
  const address = addressOf(url.replace(/^git\+/, ''));
  if (!address) return [];
  const [owner, repo, tree, , ...folder] = address.pathname.split('/').filter((part) => part !== '');
  if (!owner || !repo) return [];
  const path = tree === 'tree' || tree === 'blob' ? folder.join('/') : '';
  return [`${address.host}/${owner}/${repo.replace(/\.git$/, '')}#${path}`.toLowerCase()];
}

/** What an installation runs: its package without the version, or its address. */
function signature({ config }: Installation): string {
  let entry: unknown;
  try {
    entry = JSON.parse(config);
  } catch {
    // Expected: SyntaxError. A config that is no JSON is like itself alone.
    return config;
  }
  if (!isObject(entry)) return config;
  if (typeof entry['url'] === 'string') return `url ${entry['url'].replace(/\/+$/, '')}`;
  const args = Array.isArray(entry['args']) ? entry['args'].filter((item) => typeof item === 'string') : [];
  const runner = typeof entry['command'] === 'string' ? entry['command'] : '';
  if (runner !== 'npx' && runner !== 'bunx' && runner !== 'uvx') return `${runner} ${args.join(' ')}`;
  const named = args.find((item) => !item.startsWith('-')) ?? '';
  return `${runner === 'uvx' ? 'pypi' : 'npm'} ${named.replace(/(?<=.)[@=]=?[\w.^~-]*$/, '')}`;
}

import type { MarketplaceQuery } from '../../http/index.ts';
import type { RegistryEntry } from './entries.ts';

/**
 * The entries that `query` asks for. Clients send their words without encoding them, so values are compared without regard to
 * case and to how spaces came through. Every word of `search` has to be somewhere in an entry.
 */
export function select(entries: readonly RegistryEntry[], query: MarketplaceQuery): readonly RegistryEntry[] {
  const words = plain(query.search)
    .split(' ')
    .filter((word) => word !== '');
  const category = plain(query.category);
  const tags = (query.tags ?? []).map(plain).filter((tag) => tag !== '');
  const found = entries.filter((entry) => {
    if (category !== '' && plain(entry.category) !== category) return false;
    const own = entry.tags.map(plain);
    if (!tags.every((tag) => own.includes(tag))) return false;
    if (words.length === 0) return true;
    const text = plain([entry.id, entry.registryName, entry.name, entry.description, entry.author, entry.category, ...own].join(' '));
    return words.every((word) => text.includes(word));
  });
  return found.sort(orders[query.sort ?? 'newest']);
}

const byName = (a: RegistryEntry, b: RegistryEntry): number => a.name.localeCompare(b.name, 'en');

const orders: Readonly<Record<NonNullable<MarketplaceQuery['sort']>, (a: RegistryEntry, b: RegistryEntry) => number>> = {
  newest: (a, b) => (b.lastCommit ?? 0) - (a.lastCommit ?? 0),
  stars: (a, b) => (b.stars ?? 0) - (a.stars ?? 0),
  name: byName,
};

/** Lower case, with one space where spaces, `+` or `%20` stood. A `%` that begins no code stands for itself. */
function plain(text: string | undefined): string {
  const decoded = (text ?? '').replace(/(?:%[\dA-Fa-f]{2})+/g, (code) => {
    try {
      return decodeURIComponent(code);
    } catch {
      // Expected: URIError, the bytes are no UTF-8.
      return code;
    }
  });
  return decoded
    .toLowerCase()
    .replace(/[\s+]+/g, ' ')
    .trim();
}

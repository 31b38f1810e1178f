import { describe, expect, it } from 'vitest';
import { createLogger, HubError } from '../../../src/base/index.ts';
import type { Listing, ServerIdentity } from '../../../src/catalog/index.ts';
import type { ChangeKind, Era, JsonObject, Outcome } from '../../../src/protocol/index.ts';
import { emptyListing, fetchListing, sameListing } from '../../../src/upstream/lists/fetch-listing.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const ALL: ReadonlySet<ChangeKind> = new Set(['tools', 'prompts', 'resources']);

interface Scene {
  readonly era?: Era;
  readonly capabilities?: JsonObject;
  readonly previous?: Listing;
  readonly kinds?: ReadonlySet<ChangeKind>;
  readonly checksHeaders?: boolean;
}

async function fetched(answer: (method: string, cursor: unknown) => Outcome | HubError, scene: Scene = {}) {
  const { era = 'modern', capabilities = { tools: {} }, checksHeaders = false, kinds = ALL } = scene;
  const identity: ServerIdentity = { era, protocolVersion: 'x', serverInfo: {}, capabilities };
  const warnings: string[] = [];
  const asked: string[] = [];
  const source = {
    id: 'srv',
    identity,
    checksHeaders,
    clock: new FakeClock(1_000),
    told: new Set<string>(),
    redact: (text: string) => text.replaceAll('sesame', '[redacted]'),
    logger: createLogger([({ message }) => void warnings.push(message)]),
    ask: async (method: string, { cursor }: JsonObject) => {
      asked.push(method);
      const outcome = answer(method, cursor);
      if (outcome instanceof HubError) throw outcome;
      return outcome;
    },
  };
  const { listing, freshness, reports } = await fetchListing(source, () => scene.previous ?? emptyListing(identity), kinds);
  return { listing, freshness, reports, warnings, asked };
}

const named = (listing: Listing): unknown[] => listing.items.tools.map(({ name }) => name);

describe('fetchListing', () => {
  it('follows every cursor, also the empty one of a modern server', async () => {
    const pages: Record<string, JsonObject> = {
      undefined: { tools: [{ name: 'a' }], nextCursor: '' },
      '': { tools: [{ name: 'b' }], nextCursor: 'z' },
      z: { tools: [{ name: 'c' }], nextCursor: null },
    };
    const { listing, warnings } = await fetched((_, cursor) => ({ result: pages[String(cursor)] ?? {} }));
    expect(named(listing)).toEqual(['a', 'b', 'c']);
    expect(warnings).toEqual([]);
  });

  it('takes the empty cursor of a legacy server for the end', async () => {
    const { listing, asked } = await fetched(() => ({ result: { tools: [{ name: 'a' }], nextCursor: '' } }), { era: 'legacy' });
    expect([named(listing), asked]).toEqual([['a'], ['tools/list']]);
  });

  it('stops at a repeated cursor and at too many pages', async () => {
    const repeated = await fetched(() => ({ result: { tools: [{ name: 'a' }], nextCursor: 'same' } }));
    expect(named(repeated.listing)).toEqual(['a', 'a']);
    expect(repeated.warnings).toEqual([expect.stringContaining('repeats a cursor')]);
    let page = 0;
    const endless = await fetched(() => ({ result: { tools: [], nextCursor: String((page += 1)) } }));
    expect(endless.asked).toHaveLength(1000);
    expect(endless.warnings).toEqual([expect.stringContaining('more than 1000 pages')]);
  });

  it('asks only for what is declared', async () => {
    const { asked } = await fetched(() => ({ result: {} }), { capabilities: { resources: {}, logging: {} } });
    expect(asked.sort()).toEqual(['resources/list', 'resources/templates/list']);
  });

  it.each<[string, Outcome | HubError]>([
    ['an error', { error: { code: -32603, message: 'broken' } }],
    ['an unknown method', { error: { code: -32601, message: 'unknown' } }],
    ['a timeout', new HubError('TIMEOUT', 'too slow')],
    ['no array', { result: { tools: 'none' } }],
  ])('is not brought down by a list that gives %s', async (_, bad) => {
    const { listing, warnings } = await fetched((method) => (method === 'tools/list' ? bad : { result: { prompts: [{ name: 'p' }] } }), {
      capabilities: { tools: {}, prompts: {} },
    });
    expect(listing.items).toMatchObject({ tools: [], prompts: [{ name: 'p' }] });
    expect(warnings).toEqual([expect.stringMatching(/^Server "srv": tools\/list /)]);
  });

  it('keeps what it had where a list fails or is not asked for', async () => {
    const { listing: previous } = await fetched(() => ({ result: { tools: [{ name: 'a' }] } }));
    const failed = await fetched(() => ({ error: { code: -32603, message: 'x' } }), { previous });
    expect(named(failed.listing)).toEqual(['a']);
    const other = await fetched(() => ({ result: {} }), { previous, kinds: new Set(['prompts']) });
    expect([named(other.listing), other.asked]).toEqual([['a'], []]);
    expect(sameListing(previous, other.listing)).toBe(true);
    const unknown = await fetched(() => ({ error: { code: -32601, message: 'x' } }), { previous });
    expect(named(unknown.listing)).toEqual([]);
  });

  it('uses what came before a page failed, unless more was known', async () => {
    const answer = (_: string, cursor: unknown): Outcome =>
      cursor === undefined ? { result: { tools: [{ name: 'a' }], nextCursor: '2' } } : { error: { code: -32601, message: 'x' } };
    const first = await fetched(answer);
    expect([named(first.listing), first.freshness.size]).toEqual([['a'], 0]);
    expect(first.reports.get('tools')).toMatchObject({ isOfferKept: false, failure: { message: expect.stringContaining('"x"') } });
    // Nothing is lost by it the next time either.
    const again = await fetched(answer, { previous: first.listing });
    expect([named(again.listing), again.reports.get('tools')?.isOfferKept]).toEqual([['a'], false]);
    const { listing: previous } = await fetched(() => ({ result: { tools: [{ name: 'a' }, { name: 'b' }] } }));
    const kept = await fetched(answer, { previous });
    expect([named(kept.listing), kept.reports.get('tools')?.isOfferKept]).toEqual([['a', 'b'], true]);
  });

  it('keeps nothing of a list that the server does not declare any more', async () => {
    const { listing: previous } = await fetched(() => ({ result: { tools: [{ name: 'a' }] } }));
    const failing = (): Outcome => ({ error: { code: -32603, message: 'x' } });
    expect(named((await fetched(failing, { previous, capabilities: { prompts: {} } })).listing)).toEqual([]);
  });

  it('reports what is wrong with a list, without secrets', async () => {
    const flawed = await fetched(() => ({ result: { tools: ['b'], nextCursor: 'same' } }));
    const entry = 'tools/list holds 1 entries that are no objects; they are left out';
    expect(flawed.reports.get('tools')).toEqual({
      notes: ['tools/list repeats a cursor; what came so far is used', entry, entry],
      failure: undefined,
      isOfferKept: false,
    });
    const { reports, warnings } = await fetched(() => new HubError('CONNECTION_ERROR', 'The password is not sesame.'));
    const said = expect.stringContaining('tools/list failed: The password is not [redacted]');
    expect(reports.get('tools')).toMatchObject({ notes: [said], failure: { code: 'CONNECTION_ERROR', message: said } });
    expect(warnings).toEqual([said]);
    const unknown = await fetched(() => ({ error: { code: -32601, message: 'x' } }));
    expect(unknown.reports.get('tools')).toMatchObject({ notes: [], failure: undefined });
  });

  it('lets a login that is asked for through', async () => {
    await expect(fetched(() => new HubError('UNAUTHORIZED', 'login'))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('leaves out what is no object, and tools with invalid headers where that counts', async () => {
    const bad = { name: 'bad', inputSchema: { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } } };
    const answer = (): Outcome => ({ result: { tools: [{ name: 'a' }, 'b', null, bad] } });
    const strict = await fetched(answer, { checksHeaders: true });
    expect(named(strict.listing)).toEqual(['a']);
    expect(strict.warnings).toEqual([expect.stringContaining('2 entries'), expect.stringContaining('needs type string')]);
    expect(named((await fetched(answer)).listing)).toEqual(['a', 'bad']);
  });

  it.each<[Era, readonly JsonObject[], JsonObject]>([
    [
      'modern',
      [
        { ttlMs: 500, cacheScope: 'public' },
        { ttlMs: 200, cacheScope: 'public' },
      ],
      { freshUntilMs: 1_200, cacheScope: 'public' },
    ],
    [
      'modern',
      [
        { ttlMs: 500, cacheScope: 'public' },
        { ttlMs: 900, cacheScope: 'private' },
      ],
      { freshUntilMs: 1_500, cacheScope: 'private' },
    ],
    ['modern', [{ ttlMs: -1, cacheScope: 'odd' }], { freshUntilMs: 1_000, cacheScope: 'private' }],
    ['modern', [{}], { freshUntilMs: 1_000, cacheScope: 'private' }],
    ['modern', [{ ttlMs: 1e12, cacheScope: 'public' }], { freshUntilMs: 86_401_000, cacheScope: 'public' }],
  ])('merges the cache hints of a %s server over pages: %j', async (era, pages, expected) => {
    const { freshness } = await fetched(
      (_, cursor) => {
        const at = Number(cursor ?? 0);
        return { result: { tools: [], ...pages[at], ...(at + 1 < pages.length && { nextCursor: String(at + 1) }) } };
      },
      { era },
    );
    expect(freshness.get('tools')).toEqual({ fetchedAtMs: 1_000, isOffered: true, ...expected });
  });
});

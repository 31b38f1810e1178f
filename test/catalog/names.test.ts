import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCatalog } from '../../src/catalog/index.ts';
import { createNaming } from '../../src/catalog/names.ts';
import { listing, tool } from './listings.ts';

const naming = (serverIds: readonly string[], maxLength = 54) => createNaming({ serverIds, maxLength });

describe('exposed names', () => {
  it.each([
    ['github', 'search', 'github__search'],
    ['my-server.v2', 'do_it', 'my_server_v2__do_it'],
    ['a', 'b__c', 'a__b__c'],
    ['a', '__x__', 'a____x__'],
    ['UPPER', 'Case', 'UPPER__Case'],
    ['a', 'kebab-case', 'a__kebab-case'],
  ])('%s and %s make %s', (serverId, original, exposed) => {
    expect(naming([serverId]).exposed(serverId, original)).toBe(exposed);
  });

  it.each([
    ['admin.tools.list', /^a__admin_tools_list_[0-9a-f]{6}$/],
    ['a/b', /^a__a_b_[0-9a-f]{6}$/],
    ['höhe', /^a__h_he_[0-9a-f]{6}$/],
    ['with space', /^a__with_space_[0-9a-f]{6}$/],
  ])('illegal characters in %s are replaced, and a hash tells the names apart', (original, pattern) => {
    expect(naming(['a']).exposed('a', original)).toMatch(pattern);
  });

  it('different names with the same legal letters stay different', () => {
    const { exposed } = naming(['a']);
    expect(new Set(['x.y', 'x/y', 'x y', 'x_y'].map((original) => exposed('a', original))).size).toBe(4);
  });

  it('a long name keeps both ends', () => {
    const original = 'create_pull_request_review_comment_in_the_repository_of_somebody_else';
    const exposed = naming(['github']).exposed('github', original);
    expect(exposed).toMatch(/^github__create_pull_req_[0-9a-f]{6}_\w+_of_somebody_else$/);
    expect(exposed).toHaveLength(54);
  });

  it('the hash is of the server and the name', () => {
    const ids = ['1', '2'].map((end) => `${'server'.repeat(4)}${end}${'server'.repeat(4)}`);
    const { exposed } = naming(ids);
    expect(new Set(ids.map((id) => exposed(id, 'tool'))).size).toBe(2);
  });

  it('names as long as the limit stay whole', () => {
    const { exposed } = naming(['a'], 16);
    expect(exposed('a', 'x'.repeat(13))).toBe(`a__${'x'.repeat(13)}`);
    expect(exposed('a', 'x'.repeat(14))).toMatch(/^a__x_[0-9a-f]{6}_x{4}$/);
  });

  it.each([0, 15, 20.5, NaN, -1])('a limit of %s is refused', (maxLength) => {
    expect(() => naming(['a'], maxLength)).toThrow(/maxToolNameLength/);
  });
});

describe('slugs', () => {
  it('the first of colliding servers keeps the plain one, the later ones get a hash and are told', () => {
    const { slug, collisions } = naming(['my-server', 'other', 'my.server', 'my server']);
    expect(slug('my-server')).toBe('my_server');
    expect(slug('my.server')).toMatch(/^my_server_[0-9a-f]{4}$/);
    expect(slug('my server')).toMatch(/^my_server_[0-9a-f]{4}$/);
    expect(slug('my server')).not.toBe(slug('my.server'));
    expect(collisions).toEqual([
      { serverId: 'my.server', otherId: 'my-server', slug: slug('my.server') },
      { serverId: 'my server', otherId: 'my-server', slug: slug('my server') },
    ]);
  });

  it('a server whose name needs no change keeps it, whoever is added in front of it', () => {
    const { slug, collisions } = naming(['my-server', 'my_server', 'my.server']);
    expect(slug('my_server')).toBe('my_server');
    expect(collisions.map(({ serverId, otherId }) => [serverId, otherId])).toEqual([
      ['my-server', 'my_server'],
      ['my.server', 'my_server'],
    ]);
  });

  it('a hashed one takes the plain one of nobody', () => {
    const hashed = naming(['a.b', 'a-b']).slug('a-b');
    const { slug } = naming(['a.b', 'a-b', hashed]);
    expect(slug(hashed)).toBe(hashed);
    expect(slug('a-b')).toMatch(/^a_b_[0-9a-f]{5}$/);
  });

  it('a name that looks like another server’s gets a hash, and only that one', () => {
    const { exposed } = naming(['a', 'a__b']);
    expect(exposed('a__b', 'c')).toBe('a__b__c');
    expect(exposed('a', 'b__c')).toMatch(/^a__b__c_[0-9a-f]{6}$/);
    expect(exposed('a', 'c')).toBe('a__c');
    const underscore = naming(['a_', 'a']);
    expect(underscore.exposed('a_', 'x')).toBe('a___x');
    expect(underscore.exposed('a', '_x')).toMatch(/^a___x_[0-9a-f]{6}$/);
  });

  it('the order of rivals does not matter', () => {
    expect(naming(['a__b', 'a']).exposed('a', 'b__c')).toBe(naming(['a', 'a__b']).exposed('a', 'b__c'));
  });
});

const odd = fc.string({
  unit: fc.constantFrom('a', 'B', '9', '_', '__', '-', '.', '/', ' ', 'é', '日', '😀', '\u0000', 'tool'),
  minLength: 1,
  maxLength: 40,
});
const serverName = fc.oneof(fc.constantFrom('a', 'a_', 'a__a', 'a-a', 'a.a', 'github', 'my-server', 'my_server', '日本', '__'), odd);
const toolName = fc.oneof(odd, fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), fc.stringMatching(/^[a-z_]{1,100}$/));

describe('properties', () => {
  it('10,000 random pairs get distinct legal names within the limit, and the table leads back', () => {
    const size = { minLength: 10_000, maxLength: 10_000, size: 'max' } as const;
    const pairs = fc.uniqueArray(fc.tuple(serverName, toolName), { ...size, selector: ([server, name]) => JSON.stringify([server, name]) });
    fc.assert(
      fc.property(pairs, fc.integer({ min: 16, max: 64 }), (pairs, maxNameLength) => {
        const tools = grouped(pairs);
        const servers = [...tools].map(([id, own]) => ({ id, listing: listing({ tools: own.map(([, name]) => tool(name)) }) }));
        const { all } = buildCatalog({ servers, maxNameLength });
        const names = all.list('tools').map(({ name }) => String(name));
        expect(names).toHaveLength(pairs.length);
        expect(new Set(names).size).toBe(pairs.length);
        expect(names.filter((name) => !/^[A-Za-z0-9_-]+$/.test(name) || name.length > maxNameLength)).toEqual([]);
        const back = names.map((name) => all.tool(name)).map((target) => JSON.stringify([target?.serverId, target?.name]));
        expect(new Set(back)).toEqual(new Set(pairs.map((pair) => JSON.stringify(pair))));
      }),
      { numRuns: 2 },
    );
  }, 60_000);

  it('a name is the same whatever else is configured', () => {
    const plain = fc.stringMatching(/^[a-z]{1,10}$/);
    fc.assert(
      fc.property(fc.uniqueArray(plain, { minLength: 1, maxLength: 8 }), plain, toolName, fc.nat(), (others, own, name, seed) => {
        const alone = naming([own]).exposed(own, name);
        const ids = others.filter((id) => id !== own);
        ids.splice(seed % (ids.length + 1), 0, own);
        expect(naming(ids).exposed(own, name)).toBe(alone);
      }),
    );
  });

  it('a name is the same whichever servers have started', () => {
    const ids = ['a', 'a__b', 'a.b', 'a-b', 'z'];
    const servers = ids.map((id) => ({ id, listing: listing({ tools: [tool('b__c'), tool('c'), tool('x.y')] }) }));
    const exposed = (started: ReadonlySet<string>) =>
      buildCatalog({ servers: servers.map((server) => (started.has(server.id) ? server : { id: server.id })), maxNameLength: 54 })
        .all.list('tools')
        .map(({ name }) => name);
    const complete = new Set(exposed(new Set(ids)));
    fc.assert(
      fc.property(fc.subarray(ids), (started) => {
        const names = exposed(new Set(started));
        expect(names).toHaveLength(started.length * 3);
        expect(names.filter((name) => !complete.has(name))).toEqual([]);
      }),
    );
  });
});

function grouped(pairs: readonly [string, string][]): Map<string, [string, string][]> {
  const groups = new Map<string, [string, string][]>();
  for (const pair of pairs) {
    const group = groups.get(pair[0]);
    if (group) group.push(pair);
    else groups.set(pair[0], [pair]);
  }
  return groups;
}

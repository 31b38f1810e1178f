import { describe, expect, it } from 'vitest';
import { buildCatalog, type Catalog, type CatalogOptions, type Listing } from '../../src/catalog/index.ts';
import { LIST_KINDS } from '../../src/protocol/index.ts';
import { listing, prompt, resource, template, tool } from './listings.ts';

const catalog = (servers: Readonly<Record<string, Listing | undefined>>, maxNameLength = 54): Catalog =>
  buildCatalog({ servers: Object.entries(servers).map(([id, listing]) => ({ id, listing })), maxNameLength });

const names = (built: Catalog, kind: 'tools' | 'prompts' = 'tools') => built.all.list(kind).map(({ name }) => name);
const uris = (built: Catalog) => built.all.list('resources').map(({ uri }) => uri);

describe('lists', () => {
  it('stand in config order, then in the server’s own', () => {
    const built = catalog({
      z: listing({ tools: [tool('b'), tool('a')] }),
      none: undefined,
      a: listing({ tools: [tool('c')], prompts: [prompt('p')] }),
    });
    expect(names(built)).toEqual(['z__b', 'z__a', 'a__c']);
    expect(names(built, 'prompts')).toEqual(['a__p']);
    expect(built.all.servers).toEqual(['z', 'none', 'a']);
  });

  it('are the same arrays on every call', () => {
    const built = catalog({ a: listing({ tools: [tool('x')] }) });
    for (const kind of LIST_KINDS) {
      expect(built.all.list(kind)).toBe(built.all.list(kind));
      expect(built.only('a')?.list(kind)).toBe(built.only('a')?.list(kind));
    }
  });

  it('pass everything but the name as it came, in its order', () => {
    const sent = {
      icons: [{ src: 'data:,' }],
      name: 'x',
      title: 'X',
      _meta: { 'a/b': [1, { c: null }] },
      annotations: { readOnlyHint: true },
      inputSchema: { required: ['b'], type: 'object', properties: { b: { $ref: '#/$defs/d' } }, $defs: { d: { type: 'string' } } },
      future: { deep: [true] },
    };
    const built = catalog({ a: listing({ tools: [sent] }) });
    expect(JSON.stringify(built.all.list('tools')[0])).toBe(JSON.stringify(sent).replace('"name":"x"', '"name":"a__x"'));
    expect(built.only('a')?.list('tools')[0]).toBe(sent);
    expect(built.all.tool('a__x')?.item).toBe(sent);
  });

  it('are made anew only for the server that changed', () => {
    const kept = listing({ tools: [tool('x')], prompts: [prompt('p')] });
    const before = catalog({ a: kept, b: listing({ tools: [tool('y')] }) });
    const after = catalog({ a: kept, b: listing({ tools: [tool('y')] }) });
    expect(after.all.list('tools')[0]).toBe(before.all.list('tools')[0]);
    expect(after.all.list('prompts')[0]).toBe(before.all.list('prompts')[0]);
    expect(after.all.list('tools')[1]).not.toBe(before.all.list('tools')[1]);
  });

  it('follow the names when the configuration changes them', () => {
    const kept = listing({ tools: [tool('b__x')] });
    expect(names(catalog({ a: kept }))).toEqual(['a__b__x']);
    expect(names(catalog({ a: kept, a__b: undefined }))).toEqual([expect.stringMatching(/^a__b__x_[0-9a-f]{6}$/)]);
    expect(names(catalog({ a: kept }))).toEqual(['a__b__x']);
  });
});

describe('tools and prompts', () => {
  const built = catalog({
    one: listing({ tools: [tool('search'), tool('shared')], prompts: [prompt('search')] }),
    two: listing({ tools: [tool('shared'), tool('a.b')] }),
  });

  it('are found by their exposed names only', () => {
    expect(built.all.tool('one__search')).toMatchObject({ serverId: 'one', name: 'search' });
    expect(built.all.prompt('one__search')).toMatchObject({ serverId: 'one', name: 'search' });
    expect(built.all.tool('search')).toBeUndefined();
    expect(built.all.tool('two__search')).toBeUndefined();
    expect(built.all.tool('two__a.b')).toBeUndefined();
    expect(built.all.tool(String(names(built)[3]))).toMatchObject({ serverId: 'two', name: 'a.b' });
    expect(built.all.tool('constructor')).toBeUndefined();
  });

  it('by a plain name only when one server has it', () => {
    expect(built.all.plainTool('search')).toMatchObject({ serverId: 'one', name: 'search' });
    expect(built.all.plainTool('a.b')).toMatchObject({ serverId: 'two', name: 'a.b' });
    expect(built.all.plainTool('shared')).toBeUndefined();
    expect(built.all.plainTool('none')).toBeUndefined();
  });

  it('keep their names in the view of their server', () => {
    const view = built.only('two');
    expect(view?.list('tools').map(({ name }) => name)).toEqual(['shared', 'a.b']);
    expect(view?.tool('a.b')).toMatchObject({ serverId: 'two', name: 'a.b' });
    expect(view?.plainTool('shared')).toMatchObject({ serverId: 'two', name: 'shared' });
    expect(view?.tool('search')).toBeUndefined();
    expect(view?.prompt('search')).toBeUndefined();
    expect(view?.servers).toEqual(['two']);
    expect(built.only('three')).toBeUndefined();
  });

  it('of a name that a server made to collide are both kept, and told', () => {
    const [hashed] = names(catalog({ a: listing({ tools: [tool('x.y')] }) }));
    const copied = String(hashed).slice('a__'.length);
    const both = catalog({ a: listing({ tools: [tool('x.y'), tool(copied)] }) });
    expect(names(both)).toEqual([hashed, expect.stringMatching(/^a__x_y_[0-9a-f]{6}_[0-9a-f]{8}$/)]);
    expect(both.all.tool(String(names(both)[1]))).toMatchObject({ name: copied });
    expect(both.notes).toEqual([
      { serverId: 'a', kind: 'tools', name: copied, severity: 'warning', reason: expect.stringContaining(String(hashed)) },
    ]);
    expect(names(catalog({ a: listing({ tools: [tool('x.y'), tool(copied)] }) }))).toEqual(names(both));
  });
});

describe('resources', () => {
  const built = catalog({
    a: listing({
      tools: [tool('ui', { _meta: { ui: { resourceUri: 'ui://app/a' } } })],
      resources: [resource('file:///shared'), resource('file:///a')],
      resourceTemplates: [template('repo://{name}'), template('only://{a}')],
    }),
    'b.c': listing({
      tools: [tool('old', { _meta: { 'ui/resourceUri': 'ui://app/b' } }), tool('same', { _meta: { ui: { resourceUri: 'ui://app/a' } } })],
      resources: [resource('file:///b'), resource('file:///shared', { title: 'Second' })],
      resourceTemplates: [template('repo://{name}'), template('repo://{+path}')],
    }),
    late: undefined,
  });

  it('keep their URIs; on a clash the later one is listed with its server’s name, and told', () => {
    expect(uris(built)).toEqual(['file:///shared', 'file:///a', 'file:///b', 'b_c__file:///shared']);
    expect(built.all.list('resources')[3]).toMatchObject({ name: 'file:///shared', title: 'Second' });
    expect(built.all.list('resourceTemplates').map(({ uriTemplate }) => uriTemplate)).toEqual([
      'repo://{name}',
      'only://{a}',
      'b_c__repo://{name}',
      'repo://{+path}',
    ]);
    expect(built.notes.map(({ serverId, kind, name }) => [serverId, kind, name])).toEqual([
      ['b.c', 'resources', 'file:///shared'],
      ['b.c', 'resourceTemplates', 'repo://{name}'],
    ]);
  });

  it.each([
    ['listed', 'file:///a', [['a', 'file:///a', true]]],
    ['listed twice', 'file:///shared', [['a', 'file:///shared', true]]],
    ['the clashing one', 'b_c__file:///shared', [['b.c', 'file:///shared', true]]],
    ['the same form without a clash', 'a__file:///a', [['a', 'file:///a', true]]],
    ['the same form, not listed', 'b_c__file:///else', [['b.c', 'file:///else', true]]],
    ['the same form, nothing known yet', 'late__x://y', [['late', 'x://y', true]]],
    [
      'named by tools of two servers',
      'ui://app/a',
      [
        ['a', 'ui://app/a', false],
        ['b.c', 'ui://app/a', false],
      ],
    ],
    ['named in the older spelling', 'ui://app/b', [['b.c', 'ui://app/b', false]]],
    [
      'fits templates of both',
      'repo://x',
      [
        ['a', 'repo://x', false],
        ['b.c', 'repo://x', false],
      ],
    ],
    ['fits a template of one', 'repo://x/y', [['b.c', 'repo://x/y', false]]],
    ['fits nothing', 'none://x', []],
    ['the name of no server', 'x__file:///a', []],
  ])('%s: %s', (_, uri, expected) => {
    expect(built.all.resource(uri).map((target) => [target.serverId, target.uri, target.exact])).toEqual(expected);
  });

  it.each([
    ['repo://{name}', [['a', 'repo://{name}', true]]],
    ['b_c__repo://{name}', [['b.c', 'repo://{name}', true]]],
    ['only://{a}', [['a', 'only://{a}', true]]],
    ['file:///a', [['a', 'file:///a', true]]],
    ['only://filled', [['a', 'only://filled', false]]],
    ['none://{x}', []],
  ])('the template %s', (uriTemplate, expected) => {
    expect(built.all.template(uriTemplate).map((target) => [target.serverId, target.uri, target.exact])).toEqual(expected);
  });

  it.each([
    ['a', 'file:///shared', 'file:///shared'],
    ['b.c', 'file:///shared', 'b_c__file:///shared'],
    ['b.c', 'file:///b', 'file:///b'],
    ['b.c', 'file:///a', 'b_c__file:///a'],
    ['late', 'a__x', 'late__a__x'],
  ])('the %s resource %s is known as %s', (serverId, uri, exposed) => {
    expect(built.all.resource(exposed)).toEqual([{ serverId, uri, exact: true }]);
  });

  it('a URI that looks like another server’s form gives way', () => {
    const posing = catalog({
      evil: listing({ resources: [resource('good__file:///x')] }),
      good: listing({ resources: [resource('file:///x')] }),
    });
    expect(uris(posing)).toEqual(['evil__good__file:///x', 'file:///x']);
    expect(posing.all.resource('good__file:///x')).toEqual([{ serverId: 'good', uri: 'file:///x', exact: true }]);
    expect(posing.all.resource('evil__good__file:///x')).toEqual([{ serverId: 'evil', uri: 'good__file:///x', exact: true }]);
  });

  it('the longest name in front of a URI counts', () => {
    const { all } = catalog({ a: listing({}), a__b: listing({}) });
    expect(all.resource('a__b__x://y')).toEqual([{ serverId: 'a__b', uri: 'x://y', exact: true }]);
    expect(all.resource('a__x://y')).toEqual([{ serverId: 'a', uri: 'x://y', exact: true }]);
  });

  it('a server is asked once, however many reasons there are to ask it', () => {
    const tools = [tool('ui', { _meta: { ui: { resourceUri: 'ui://x' } } })];
    const { all } = catalog({ a: listing({ tools, resourceTemplates: [template('ui://{a}'), template('{+all}')] }) });
    expect(all.resource('ui://x')).toEqual([{ serverId: 'a', uri: 'ui://x', exact: false }]);
  });

  it('in the view of one server every URI goes to it', () => {
    const view = built.only('b.c');
    expect(view?.list('resources').map(({ uri }) => uri)).toEqual(['file:///b', 'file:///shared']);
    expect(view?.resource('file:///shared')).toEqual([{ serverId: 'b.c', uri: 'file:///shared', exact: true }]);
    expect(view?.resource('any://x')).toEqual([{ serverId: 'b.c', uri: 'any://x', exact: false }]);
    expect(view?.template('repo://{name}')).toEqual([{ serverId: 'b.c', uri: 'repo://{name}', exact: true }]);
  });
});

describe('notes', () => {
  it('a bad tool hides nothing but itself, in every view, and says why', () => {
    const bad = { name: 'bad', inputSchema: { type: 'object', properties: { n: { type: 'int' } } } };
    const built = catalog({
      a: listing({ tools: [tool('x'), bad, { inputSchema: { type: 'object' } }, tool('x', { title: 'again' }), tool('y')] }),
      b: listing({ tools: [tool('x')] }),
    });
    expect(names(built)).toEqual(['a__x', 'a__y', 'b__x']);
    expect(
      built
        .only('a')
        ?.list('tools')
        .map(({ name }) => name),
    ).toEqual(['x', 'y']);
    expect(built.all.tool('a__x')?.item['title']).toBeUndefined();
    expect(built.all.tool('a__bad')).toBeUndefined();
    expect(built.only('a')?.tool('bad')).toBeUndefined();
    expect(built.notes).toEqual([
      { serverId: 'a', kind: 'tools', name: 'bad', severity: 'hidden', reason: expect.stringContaining('"int"') },
      { serverId: 'a', kind: 'tools', name: '#3', severity: 'hidden', reason: 'name is missing' },
      { serverId: 'a', kind: 'tools', name: 'x', severity: 'hidden', reason: expect.stringContaining('twice') },
    ]);
  });

  it('a warning hides nothing', () => {
    const built = catalog({ a: listing({ tools: [{ name: 'w', inputSchema: { type: 'object', oneOf: [{}] } }] }) });
    expect(names(built)).toEqual(['a__w']);
    expect(built.notes).toMatchObject([{ serverId: 'a', name: 'w', severity: 'warning' }]);
  });

  it('servers whose names collide are both kept, and told', () => {
    const own = () => listing({ tools: [tool('x')] });
    const built = catalog({ 'my-server': own(), 'my.server': own() });
    expect(names(built)).toEqual(['my_server__x', expect.stringMatching(/^my_server_[0-9a-f]{4}__x$/)]);
    expect(built.notes).toEqual([
      { serverId: 'my.server', kind: 'server', name: 'my.server', severity: 'warning', reason: expect.stringContaining('my-server') },
    ]);
  });

  it('shortened and cleaned names are none', () => {
    expect(catalog({ a: listing({ tools: [tool('x'.repeat(100)), tool('a.b')] }) }).notes).toEqual([]);
  });
});

it('building again after one of ten servers changed is quick', () => {
  const many = (id: number) =>
    listing({ tools: Array.from({ length: 1000 }, (_, index) => tool(`tool_${id}_${index}`, { description: 'A tool.' })) });
  const servers: { id: string; listing: Listing }[] = Array.from({ length: 10 }, (_, index) => ({
    id: `server${index}`,
    listing: many(index),
  }));
  const options = (changed: Listing): CatalogOptions => ({
    servers: servers.with(4, { id: 'server4', listing: changed }),
    maxNameLength: 54,
  });
  buildCatalog(options(many(4)));
  const times = Array.from({ length: 5 }, () => {
    const changed = many(4);
    const started = performance.now();
    expect(buildCatalog(options(changed)).all.list('tools')).toHaveLength(10_000);
    return performance.now() - started;
  });
  // A few milliseconds on an idle machine; the bound is for busy ones.
  expect(Math.min(...times)).toBeLessThan(100);
});

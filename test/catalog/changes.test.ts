import { expect, it } from 'vitest';
import { ExactNumber } from '../../src/base/index.ts';
import { buildCatalog, type Catalog, changesBetween, type Listing } from '../../src/catalog/index.ts';
import { listing, prompt, resource, template, tool } from './listings.ts';

const catalog = (servers: Readonly<Record<string, Listing | undefined>>): Catalog =>
  buildCatalog({ servers: Object.entries(servers).map(([id, listing]) => ({ id, listing })), maxNameLength: 54 });

const full = () =>
  listing({
    tools: [tool('x', { description: 'one' })],
    prompts: [prompt('p')],
    resources: [resource('r://1')],
    resourceTemplates: [template('r://{a}')],
  });
const base = full();
const rest = listing({ tools: [tool('y')] });

it.each<[string, Record<string, Listing | undefined>, string[]]>([
  ['nothing', { a: base, b: rest }, []],
  ['a new listing that says the same', { a: full(), b: rest }, []],
  ['a description', { a: { ...base, items: { ...base.items, tools: [tool('x', { description: 'two' })] } }, b: rest }, ['tools']],
  [
    'a schema',
    {
      a: { ...base, items: { ...base.items, tools: [tool('x', { description: 'one', inputSchema: { type: 'object', required: [] } })] } },
      b: rest,
    },
    ['tools'],
  ],
  [
    'the order of keys',
    { a: { ...base, items: { ...base.items, tools: [{ description: 'one', inputSchema: { type: 'object' }, name: 'x' }] } }, b: rest },
    [],
  ],
  ['a prompt', { a: { ...base, items: { ...base.items, prompts: [] } }, b: rest }, ['prompts']],
  ['a resource', { a: { ...base, items: { ...base.items, resources: [] } }, b: rest }, ['resources']],
  ['a template', { a: { ...base, items: { ...base.items, resourceTemplates: [] } }, b: rest }, ['resources']],
  ['a server that went', { a: base, b: undefined }, ['tools']],
  ['a server that offers nothing', { a: base, b: rest, c: listing({}) }, []],
  ['a hidden tool more', { a: base, b: listing({ tools: [tool('y'), { name: 'bad' }] }) }, []],
  ['the order of servers', { b: rest, a: base }, ['tools']],
  ['everything', {}, ['tools', 'prompts', 'resources']],
])('%s', (_, after, changes) => {
  expect([...changesBetween(catalog({ a: base, b: rest }), catalog(after))]).toEqual(changes);
});

it('a bound counts that differs by less than JavaScript can tell', () => {
  const bounded = (digits: string): Catalog => catalog({ a: listing({ tools: [tool('x', { maximum: new ExactNumber(digits) })] }) });
  expect([...changesBetween(bounded('18446744073709551615'), bounded('18446744073709551614'))]).toEqual(['tools']);
  expect([...changesBetween(bounded('18446744073709551615'), bounded('18446744073709551615'))]).toEqual([]);
});

it('in the view of one server only its own changes count', () => {
  const before = catalog({ a: base, b: rest });
  const after = catalog({ a: base, b: listing({ tools: [tool('z')] }) });
  expect([...changesBetween(before, after, 'a')]).toEqual([]);
  expect([...changesBetween(before, after, 'b')]).toEqual(['tools']);
  expect([...changesBetween(before, after)]).toEqual(['tools']);
  expect([...changesBetween(before, catalog({ b: rest }), 'a')]).toEqual(['tools', 'prompts', 'resources']);
  expect([...changesBetween(before, after, 'unknown')]).toEqual([]);
});

it('a name that another server’s configuration changes counts on the whole, not for the server alone', () => {
  const own = listing({ tools: [tool('b__x')] });
  const before = catalog({ a: own });
  const after = catalog({ a: own, a__b: undefined });
  expect([...changesBetween(before, after)]).toEqual(['tools']);
  expect([...changesBetween(before, after, 'a')]).toEqual([]);
});

it('a catalog does not differ from itself', () => {
  const same = catalog({ a: base });
  expect(changesBetween(same, same).size).toBe(0);
});

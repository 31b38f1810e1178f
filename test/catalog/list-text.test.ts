import { describe, expect, it } from 'vitest';
import { buildCatalog, type Catalog, type CatalogView, type Listing } from '../../src/catalog/index.ts';
import { type Era, type JsonObject, LIST_KINDS, type ListKind } from '../../src/protocol/index.ts';
import { listing, prompt, resource, template, tool } from './listings.ts';

const catalog = (servers: Readonly<Record<string, Listing | undefined>>): Catalog =>
  buildCatalog({ servers: Object.entries(servers).map(([id, listing]) => ({ id, listing })), maxNameLength: 54 });

const ERAS: readonly Era[] = ['legacy', 'modern'];
const bodyOf = (view: CatalogView, kind: ListKind, era: Era): Buffer => view.listText(kind, era).parts.body;
/** The list in the bytes. */
const written = (view: CatalogView, kind: ListKind, era: Era): unknown => JSON.parse(bodyOf(view, kind, era).toString('utf8'));

/** A tool that counts how often it is written. */
function counted(name: string): { readonly item: JsonObject; readonly count: () => number } {
  let count = 0;
  const item = tool(name);
  Object.defineProperty(item, 'toJSON', {
    value() {
      count += 1;
      return { ...this };
    },
  });
  return { item, count: () => count };
}

describe('the text of a list', () => {
  const servers = {
    a: listing({ tools: [tool('x'), tool('ü', { title: '"€"\\' })], prompts: [prompt('p')], resources: [resource('a:1')] }),
    none: undefined,
    empty: listing({}),
    b: listing({ tools: [tool('y')], resources: [resource('a:1'), resource('b:1')], resourceTemplates: [template('b:{id}')] }),
  };

  it.each(LIST_KINDS)('of %s says what the list says, on every endpoint', (kind) => {
    const built = catalog(servers);
    for (const view of [built.all, built.only('a'), built.only('none'), built.only('empty'), built.only('b')]) {
      for (const era of ERAS) expect(view && written(view, kind, era)).toEqual({ [kind]: view?.list(kind) });
    }
  });

  it('is written once, for both eras where nothing tells them apart', () => {
    const { all } = catalog(servers);
    expect(bodyOf(all, 'tools', 'modern').buffer).toBe(bodyOf(all, 'tools', 'legacy').buffer);
    expect(bodyOf(all, 'tools', 'modern').buffer).toBe(bodyOf(all, 'tools', 'modern').buffer);
  });

  it('of tools is what an era knows of tools', () => {
    const odd = [tool('x', { outputSchema: { type: 'array' } }), tool('y', { outputSchema: { type: 'object' } }), tool('z')];
    const task = tool('t', { execution: { taskSupport: 'optional' } });
    const { all, only } = catalog({ a: listing({ tools: [...odd, task] }), b: listing({ tools: [tool('x')] }) });
    const view = only('a');
    expect(view && written(view, 'tools', 'legacy')).toEqual({ tools: [tool('x'), odd[1], tool('z'), task] });
    expect(view && written(view, 'tools', 'modern')).toEqual({ tools: [...odd, tool('t')] });
    expect(written(all, 'tools', 'legacy')).toMatchObject({ tools: [{ name: 'a__x' }, {}, {}, { name: 'a__t' }, { name: 'b__x' }] });
    expect(bodyOf(all, 'tools', 'legacy').includes('array')).toBe(false);
  });

  it('is written anew only for the server that changed', () => {
    const one = counted('x');
    const two = counted('y');
    const kept = listing({ resources: [one.item, resource('a:2')].map((item, at) => Object.assign(item, { uri: `a:${at}` })) });
    const texts = [1, 2, 3].map((round) => {
      const changing = listing({ resources: round === 1 ? [Object.assign(two.item, { uri: 'b:1' })] : [resource(`b:${round}`)] });
      const { all } = catalog({ a: kept, b: changing });
      return [written(all, 'resources', 'legacy'), { resources: all.list('resources') }];
    });
    expect([one.count(), two.count()]).toEqual([1, 1]);
    for (const [text, list] of texts) expect(text).toEqual(list);
  });
});

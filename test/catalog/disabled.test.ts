import { describe, expect, it } from 'vitest';
import { buildCatalog, type Catalog, changesBetween, type DisabledItems } from '../../src/catalog/index.ts';
import { listing, prompt, resource, template, tool } from './listings.ts';

const offered = listing({
  tools: [tool('keep'), tool('drop'), tool('not a schema', { inputSchema: 1 })],
  prompts: [prompt('ask'), prompt('drop')],
  resources: [resource('file:///a'), resource('file:///b')],
  resourceTemplates: [template('file:///{path}'), template('note://{id}')],
});

const catalogOf = (disabled?: DisabledItems, other = listing({ tools: [tool('drop')] })): Catalog =>
  buildCatalog({
    servers: [
      { id: 'files', listing: offered, disabled },
      { id: 'other', listing: other },
    ],
    maxNameLength: 54,
  });

const names = (items: readonly { readonly name?: unknown }[]): unknown[] => items.map(({ name }) => name);

describe('what the config disables', () => {
  it('is in no list, by original names and for its own server only', () => {
    const { all, only } = catalogOf({ tools: ['drop'], prompts: ['drop'], resources: ['file:///b'], resourceTemplates: ['note://{id}'] });
    expect(names(all.list('tools'))).toEqual(['files__keep', 'other__drop']);
    expect(names(all.list('prompts'))).toEqual(['files__ask']);
    expect(names(all.list('resources'))).toEqual(['file:///a']);
    expect(names(all.list('resourceTemplates'))).toEqual(['file:///{path}']);
    expect(names(only('files')?.list('tools') ?? [])).toEqual(['keep']);
    expect(names(only('other')?.list('tools') ?? [])).toEqual(['drop']);
  });

  it('is known under the name that it would be offered by, whether the listing is there or not', () => {
    const disabled = { tools: ['drop'], prompts: ['drop'] };
    const started = catalogOf(disabled);
    const starting = buildCatalog({ servers: [{ id: 'files', disabled }], maxNameLength: 54 });
    for (const { all, only } of [started, starting]) {
      expect(all.tool('files__drop')).toBeUndefined();
      expect(all.disabled('tools', 'files__drop')).toEqual({ serverId: 'files', kind: 'tools', name: 'drop', exact: true });
      expect(all.disabled('prompts', 'files__drop')).toMatchObject({ kind: 'prompts', name: 'drop' });
      expect(all.disabled('prompts', 'drop')).toBeUndefined();
      expect(only('files')?.disabled('tools', 'drop')).toMatchObject({ serverId: 'files', exact: true });
      expect(only('files')?.disabled('tools', 'keep')).toBeUndefined();
    }
    // The plain name is the other server's now.
    expect(started.all.plainTool('drop')).toMatchObject({ serverId: 'other' });
    expect(starting.all.disabled('tools', 'drop')).toMatchObject({ exact: false });
  });

  it('keeps a URI from being read, and what fits only disabled templates', () => {
    const { all, only } = catalogOf({ resources: ['file:///b'], resourceTemplates: ['note://{id}'] });
    for (const view of [all, only('files')]) {
      expect(view?.disabledUri('files', 'file:///b')).toMatchObject({ kind: 'resources', name: 'file:///b' });
      expect(view?.disabledUri('files', 'note://7')).toMatchObject({ kind: 'resourceTemplates', name: 'note://{id}' });
      expect(view?.disabledUri('files', 'note://{id}')).toMatchObject({ kind: 'resourceTemplates' });
      expect(view?.disabledUri('files', 'file:///a')).toBeUndefined();
      expect(view?.disabledUri('files', 'file:///c')).toBeUndefined();
    }
    expect(all.disabledUri('other', 'file:///b')).toBeUndefined();
    // A listed resource is offered whatever becomes of the template.
    const closed = catalogOf({ resourceTemplates: ['file:///{path}'] });
    expect(closed.all.disabledUri('files', 'file:///a')).toBeUndefined();
    expect(closed.all.disabledUri('files', 'file:///c')).toMatchObject({ name: 'file:///{path}' });
  });

  it('frees a URI for the next server that has it', () => {
    const other = listing({ resources: [resource('file:///b')] });
    expect(names(catalogOf(undefined, other).all.list('resources'))).toHaveLength(3);
    expect(catalogOf({ resources: ['file:///b'] }, other).all.resource('file:///b')).toEqual([
      { serverId: 'other', uri: 'file:///b', exact: true },
    ]);
  });

  it('is noted when it stands for nothing, and only then', () => {
    const { notes } = catalogOf({ tools: ['drop', 'gone', 'not a schema', 'gone'], resources: ['file:///zzz'] });
    expect(notes.filter(({ reason }) => reason.includes('disabled_'))).toEqual([
      {
        serverId: 'files',
        kind: 'tools',
        name: 'gone',
        severity: 'warning',
        reason: '"disabled_tools" names it, but the server does not list it',
      },
      {
        serverId: 'files',
        kind: 'resources',
        name: 'file:///zzz',
        severity: 'warning',
        reason: expect.stringContaining('"disabled_resources"'),
      },
    ]);
    // What is wrong with a tool that nobody is offered is of no interest.
    expect(notes.filter(({ name }) => name === 'not a schema')).toEqual([]);
    expect(buildCatalog({ servers: [{ id: 'files', disabled: { tools: ['gone'] } }], maxNameLength: 54 }).notes).toEqual([]);
  });

  it('changes what clients see only where it says something else', () => {
    const before = catalogOf({ tools: ['drop'], prompts: [] });
    expect([...changesBetween(before, catalogOf({ tools: ['drop'] }))]).toEqual([]);
    expect([...changesBetween(before, catalogOf({ tools: ['drop', 'gone'] }))]).toEqual([]);
    expect([...changesBetween(before, catalogOf())]).toEqual(['tools']);
    expect([...changesBetween(before, catalogOf({ tools: ['drop'], prompts: ['ask'] }))]).toEqual(['prompts']);
    expect(offered.items.tools).toHaveLength(3);
  });
});

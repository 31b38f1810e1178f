import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest } from '../../src/catalog/closest.ts';
import { buildCatalog } from '../../src/catalog/index.ts';
import { listing, prompt, tool } from './listings.ts';

const { all, only } = buildCatalog({
  servers: [
    {
      id: 'github',
      listing: listing({
        tools: ['search_code', 'search_issues', 'create_issue', 'get_me'].map((name) => tool(name)),
        prompts: [prompt('review')],
      }),
    },
    { id: 'gitlab', listing: listing({ tools: [tool('create_issue'), tool('admin.list')] }) },
  ],
  maxNameLength: 54,
});

describe('closest', () => {
  it.each([
    ['github__search_cod', ['github__search_code']],
    ['GitHub__Search_Code', ['github__search_code']],
    ['search_code', ['github__search_code']],
    ['get_mee', ['github__get_me']],
    ['github__create_issues', ['github__create_issue', 'gitlab__create_issue']],
    ['create_issue', ['github__create_issue', 'gitlab__create_issue']],
    ['gh__create_issue', ['github__create_issue', 'gitlab__create_issue']],
    ['admin.list', [expect.stringMatching(/^gitlab__admin_list_/)]],
    ['something_else_entirely', []],
    ['', []],
    ['x'.repeat(100_000), []],
  ])('to %s', (asked, names) => {
    expect(all.closest('tools', asked).slice(0, names.length || 1)).toEqual(names);
  });

  it('gives at most as many as asked for', () => {
    expect(all.closest('tools', 'create_issue', 1)).toEqual(['github__create_issue']);
    expect(all.closest('tools', 'create_issue', 0)).toEqual([]);
    expect(all.closest('tools', 'github__search_code').length).toBeLessThanOrEqual(3);
  });

  it('looks among the right kind, and in one server among its own names', () => {
    expect(all.closest('prompts', 'reviews')).toEqual(['github__review']);
    expect(all.closest('prompts', 'search_code')).toEqual([]);
    expect(only('gitlab')?.closest('tools', 'gitlab__create_issue')).toEqual(['create_issue']);
    expect(only('gitlab')?.closest('tools', 'search_code')).toEqual([]);
  });

  it('has an answer among thousands of names at once', () => {
    const tools = Array.from({ length: 10_000 }, (_, index) => tool(`do_something_number_${index}`));
    const { all } = buildCatalog({ servers: [{ id: 'big', listing: listing({ tools }) }], maxNameLength: 54 });
    const started = performance.now();
    expect(all.closest('tools', 'big__do_something_nunber_77')).toContain('big__do_something_number_77');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('agrees with the edit distance by its definition', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(word, fc.uniqueArray(word, { maxLength: 6 }), (asked, names) => {
        const limit = Math.ceil(asked.length / 3);
        const expected = names
          .map((name) => ({ name, distance: distance(asked, name) }))
          .filter(({ distance }) => distance <= limit)
          .sort((a, b) => a.distance - b.distance)
          .map(({ name }) => name);
        const candidates = names.map((name) => ({ exposed: name, original: name }));
        expect(closest(asked, candidates, 6)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

/** The Levenshtein distance, as slow as its definition. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...b].entries()) {
      next.push(Math.min((row[column] ?? 0) + (letter === other ? 0 : 1), (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

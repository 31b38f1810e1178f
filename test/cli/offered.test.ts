import { describe, expect, it } from 'vitest';
import { findOffered, withSources } from '../../src/cli/offered.ts';

const offers = [
  { server: 'a', items: [{ name: 'x' }, { name: 'b__y' }, { name: 'dot.ted', description: 'D' }] },
  { server: 'a__b', items: [{ name: 'x' }] },
  { server: 'twin.1', items: [{ name: 'only' }] },
  { server: 'twin-1', items: [{ name: 'other' }] },
];
const list = ['a__x', 'a__b__y_12ab34', 'a__dot_ted_9f00aa', 'a__b__x', 'twin_1__only', 'twin_1_77aa__other'].map((name) =>
  name.includes('dot') ? { name, description: 'D' } : { name },
);
const tools = withSources(list, offers);

describe('withSources', () => {
  it('tells where each exposed name comes from, also one with a hash', () => {
    expect(tools.map(({ server, original }) => `${server}/${original}`)).toEqual([
      'a/x',
      'a/b__y',
      'a/dot.ted',
      'a__b/x',
      'twin.1/only',
      'twin-1/other',
    ]);
  });

  it('leaves open what it cannot tell', () => {
    const changed = withSources([{ name: 'a__new', title: 'N' }, { name: 'a__x' }], offers);
    expect(changed.map(({ exposed, server, original }) => [exposed, server, original])).toEqual([
      ['a__new', undefined, undefined],
      ['a__x', 'a', 'x'],
    ]);
  });
});

describe('findOffered', () => {
  it.each([
    ['a__x', 'a', 'x'],
    ['a/dot.ted', 'a', 'dot.ted'],
    ['a__b__y_12ab34', 'a', 'b__y'],
    ['a__b__x', 'a__b', 'x'],
    ['only', 'twin.1', 'only'],
  ])('finds %s', (name, server, original) => {
    expect(findOffered(tools, name, 'tools')).toMatchObject({ server, original });
  });

  it.each([
    ['x', /^Several servers offer a tool "x"\. Say which: a__x, a__b__x\.$/],
    ['twin.1/onli', /Did you mean twin\.1\/only\?$/],
    ['onli', /Did you mean twin_1__only\?$/],
    ['nothing like it', /"mcp-hub tools" lists them all\.$/],
  ])('says what it misses of %s', (name, message) => {
    expect(() => findOffered(tools, name, 'tools')).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import { findOffered, offeredBy } from '../../src/cli/offered.ts';
import { serverInfo } from '../../src/cli/servers.ts';

const server = (name: string, ...tools: object[]) => serverInfo({ name, status: 'connected', capabilities: { tools } });

const servers = [
  server('a', { name: 'x' }, { name: 'b__y' }, { name: 'dot.ted' }, { name: 'n'.repeat(60) }),
  server('a__b', { name: 'x' }),
  server('my-notes', { name: 'x', exposedName: 'my_notes__x_1f2e' }),
  server('twin.1', { name: 'only' }),
  server('twin-1', { name: 'other' }),
];
const tools = offeredBy(servers, 'tools');

describe('offeredBy', () => {
  it('shows the names that clients see where it is sure of them', () => {
    expect(tools.map(({ exposed }) => exposed)).toEqual([
      'a__x',
      'a/b__y',
      'a/dot.ted',
      `a/${'n'.repeat(60)}`,
      'a__b__x',
      'my_notes__x_1f2e',
      'twin.1/only',
      'twin-1/other',
    ]);
  });
});

describe('findOffered', () => {
  it.each([
    ['a__x', 'a', 'x'],
    ['a/dot.ted', 'a', 'dot.ted'],
    ['a/b__y', 'a', 'b__y'],
    ['a__b__x', 'a__b', 'x'],
    ['my_notes__x_1f2e', 'my-notes', 'x'],
    ['only', 'twin.1', 'only'],
  ])('finds %s', (name, serverName, original) => {
    expect(findOffered(tools, name, 'tools')).toMatchObject({ server: serverName, original });
  });

  it.each([
    ['x', /^Several servers offer a tool "x"\. Say which: a__x, a__b__x, my_notes__x_1f2e\.$/],
    ['onli', /Did you mean twin\.1\/only\?$/],
    ['nothing like it', /"mcp-hub tools" lists them all\.$/],
  ])('says what it misses of %s', (name, message) => {
    expect(() => findOffered(tools, name, 'tools')).toThrow(message);
  });
});

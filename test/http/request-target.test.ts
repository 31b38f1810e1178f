import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainPath, serverOf, targetOf } from '../../src/http/request-target.ts';

function targetOfText(url: string): ReturnType<typeof targetOf> {
  return targetOf(Object.assign(new IncomingMessage(new Socket()), { url }));
}

describe('the target of a request', () => {
  const pieces = fc.constantFrom('/', '.', '..', 'mcp', 'api', '%2e', '%', '?', '#', '\\', 'é', ' ', ':', '@', '//', ';', '~', '-', '_');
  const texts = fc.array(pieces, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);

  it('is what a URL makes of it', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const url = URL.canParse(`http://hub${text}`) ? new URL(`http://hub${text}`) : undefined;
        const target = targetOfText(text);
        expect([target?.pathname, target?.searchParams.toString()]).toEqual([url?.pathname, url?.searchParams.toString()]);
      }),
    );
  });

  it.each([
    ['/mcp', '/mcp'],
    ['/mcp/../api/servers', '/api/servers'],
    ['/mcp/./time', '/mcp/time'],
    ['http://other/mcp?x=1', '/mcp'],
    ['http://:::', undefined],
    ['*', undefined],
    ['', undefined],
  ])('%j is the path %s', (text, path) => {
    expect(targetOfText(text)?.pathname).toBe(path);
  });

  it('has its parameters', () => {
    expect(targetOfText('/messages?sessionId=1')?.searchParams.get('sessionId')).toBe('1');
    expect(targetOfText('/messages')?.searchParams.get('sessionId')).toBeNull();
  });
});

it.each([
  ['/mcp', undefined],
  ['/mcp/', undefined],
  ['/mcp/time', 'time'],
  ['/mcp/two%20words', 'two words'],
  ['/mcp/%', undefined],
  ['/mcp/.well-known', undefined],
  ['/mcp/a/b', undefined],
  ['/mcpx', undefined],
])('%s means the server %s', (path, server) => {
  const target = targetOfText(path);
  expect(target && serverOf(plainPath(target))).toBe(server);
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesTemplate } from '../../src/protocol/index.ts';

describe('matchesTemplate', () => {
  it.each([
    ['file:///{name}', 'file:///a.txt', true],
    ['file:///{name}', 'file:///a/b.txt', false],
    ['file:///{name}', 'file:///', false],
    ['file:///{+path}', 'file:///a/b.txt?x#y', true],
    ['file:///{path*}', 'file:///a/b.txt', true],
    ['file:///{path*}', 'file:///a?b', false],
    ['users://{id}/profile', 'users://42/profile', true],
    ['users://{id}/profile', 'users://42/7/profile', false],
    ['users://{id}/profile', 'users://42/profiles', false],
    ['search://all{?q,limit}', 'search://all?q=1&limit=2', true],
    ['search://all{?q,limit}', 'search://all', true],
    ['search://all{?q}', 'search://all/more', false],
    ['search://all?fixed=1{&q}', 'search://all?fixed=1&q=2', true],
    ['search://all?fixed=1{&q}', 'search://all?fixed=1', true],
    ['doc://a{#part}', 'doc://a#b/c', true],
    ['doc://a{#part}', 'doc://a', true],
    ['doc://a{#part}', 'doc://ab', false],
    ['path://a{/more*}', 'path://a/b/c', true],
    ['path://a{/more*}', 'path://a', true],
    ['path://a{/more}', 'path://ab', false],
    ['file://x{.ext}', 'file://x.tar.gz', true],
    ['file://x{.ext}', 'file://xgz', false],
    ['m://x{;a,b}', 'm://x;a=1;b=2', true],
    ['plain://uri', 'plain://uri', true],
    ['plain://uri', 'plain://uri2', false],
    ['odd://a.b(c)[d]$', 'odd://a.b(c)[d]$', true],
    ['odd://a.b', 'odd://axb', false],
    ['open://{unclosed', 'open://{unclosed', true],
    ['{+whole}', 'any://thing', true],
    ['', '', true],
    ['', 'x', false],
  ])('%s and %s: %s', (template, uri, matches) => {
    expect(matchesTemplate(template, uri)).toBe(matches);
  });

  it('recognises every URI that a template was filled to', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9._~%-]{1,8}$/);
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(matchesTemplate('x://{a}/y/{+b}{?c}', `x://${a}/y/${b}/${c}?c=${c}`)).toBe(true);
      }),
    );
  });

  it('takes no time on a template made to cost it', () => {
    const started = performance.now();
    expect(matchesTemplate(`${'{+a}x'.repeat(30)}!`, 'x'.repeat(10_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('leaves endless URIs alone', () => {
    expect(matchesTemplate('{+a}', 'x'.repeat(20_000))).toBe(false);
  });
});

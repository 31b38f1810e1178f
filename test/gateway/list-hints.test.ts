import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import type { CacheHint } from '../../src/catalog/index.ts';
import { listHint } from '../../src/gateway/list-hints.ts';
import { FakeUpstream, listing } from '../support/fake-upstream.ts';

const safe = { ttlMs: 0, cacheScope: 'private' } as const;

function hinting(ttlMs: number, cacheScope: CacheHint['cacheScope']): FakeUpstream {
  const upstream = new FakeUpstream('a', listing());
  upstream.hint = { ttlMs, cacheScope };
  return upstream;
}

function without(): FakeUpstream {
  const upstream = new FakeUpstream('a', listing());
  upstream.hint = undefined;
  return upstream;
}

function down(): FakeUpstream {
  const upstream = hinting(5, 'public');
  upstream.state = { kind: 'failed', error: new HubError('CONFIG_ERROR', 'no command') };
  return upstream;
}

function disabled(): FakeUpstream {
  const upstream = new FakeUpstream('a', undefined);
  upstream.state = { kind: 'disabled' };
  return upstream;
}

describe('the hint for a merged list', () => {
  it.each<[string, readonly FakeUpstream[], CacheHint]>([
    ['no servers', [], safe],
    ['one', [hinting(5, 'public')], { ttlMs: 5, cacheScope: 'public' }],
    ['the shortest time', [hinting(5, 'public'), hinting(3, 'public')], { ttlMs: 3, cacheScope: 'public' }],
    ['private wins', [hinting(5, 'public'), hinting(9, 'private')], { ttlMs: 5, cacheScope: 'private' }],
    ['a server that has no such list', [hinting(5, 'public'), without()], { ttlMs: 5, cacheScope: 'public' }],
    ['nobody has such a list', [without()], safe],
    ['a server that is still starting', [hinting(5, 'public'), new FakeUpstream('a', undefined)], safe],
    ['a server that failed', [hinting(5, 'public'), down()], safe],
    ['a server that is switched off', [hinting(5, 'public'), disabled()], { ttlMs: 5, cacheScope: 'public' }],
  ])('%s', (_, upstreams, expected) => {
    expect(listHint(upstreams, 'tools')).toEqual(expected);
  });
});

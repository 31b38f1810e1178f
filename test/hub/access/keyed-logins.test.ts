import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubError, Secret, silentLogger } from '../../../src/base/index.ts';
import { ApiKeyFile, createApiKey, revokeApiKey } from '../../../src/config/index.ts';
import { HubKeys } from '../../../src/hub/access/hub-keys.ts';
import { KeyedLogins } from '../../../src/hub/access/keyed-logins.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeUpstream, listing } from '../../support/fake-upstream.ts';

let folder: string;
let clock: FakeClock;
let file: ApiKeyFile;
let keys: HubKeys;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-keyed-'));
  clock = new FakeClock();
  file = new ApiKeyFile({ path: join(folder, 'api-keys.json'), clock });
  keys = new HubKeys({
    file,
    clock,
    logger: silentLogger,
    stateDir: folder,
    host: undefined,
    requireKey: true,
    isConfigured: () => false,
    given: new Secret('x'.repeat(32)),
    mayShowKey: false,
  });
});
afterEach(() => rm(folder, { recursive: true }));

async function principal(name: string, expiresAt: string | null = null): Promise<string> {
  const { key } = await createApiKey(file, { name, scopes: ['mcp'], expiresAt }, clock.now());
  return `key:${key.id}`;
}

describe('whether a principal is gone', () => {
  it('is told by the file of the keys: revoked, over, or never there', async () => {
    const [ada, bob] = [await principal('ada'), await principal('bob', new Date(clock.now() + 60_000).toISOString())];
    expect([ada, bob, 'key:nobody'].map((one) => keys.isGone(one))).toEqual([false, false, true]);
    await clock.advance(60_001);
    await revokeApiKey(file, 'ada');
    await clock.advance(300);
    expect([ada, bob].map((one) => keys.isGone(one))).toEqual([true, true]);
  });

  it('is never said of the owner, of a key that was given at the start, and by a file that cannot be used', async () => {
    expect(['local', 'key:given', 'stranger'].map((one) => keys.isGone(one))).toEqual([false, false, false]);
    const ada = await principal('ada');
    await writeFile(file.path, '{');
    await clock.advance(300);
    expect([ada, 'key:nobody'].map((one) => keys.isGone(one))).toEqual([false, false]);
  });
});

describe('the logins of keys', () => {
  function scene(kept: readonly string[], gone: Set<string>) {
    const upstream = new FakeUpstream('a', listing());
    const forgotten: string[] = [];
    const also: string[] = [];
    const logins = {
      principals: async () => new Set(kept),
      forget: async (one: string) => void forgotten.push(one),
    };
    const keyed = new KeyedLogins({
      keys: { isGone: (one) => gone.has(one) },
      logins,
      pool: { all: () => [upstream] },
      clock,
      logger: silentLogger,
      forget: (one) => also.push(one),
    });
    return { keyed, upstream, forgotten, also };
  }

  it('end with their keys, within a second, each once, and everywhere', async () => {
    const gone = new Set<string>();
    const { keyed, upstream, forgotten, also } = scene([], gone);
    keyed.met('key:ada');
    keyed.met('key:bob');
    await clock.advance(5_000);
    expect(forgotten).toEqual([]);
    gone.add('key:ada');
    await clock.advance(1_000);
    await settle();
    await clock.advance(5_000);
    expect([upstream.endedLogins, forgotten, also]).toEqual([['key:ada'], ['key:ada'], ['key:ada']]);
    await keyed.close();
    expect(clock.pending).toBe(0);
  });

  it('that were kept by an earlier run are watched from the start, and what is none of a key is not', async () => {
    const { keyed, forgotten } = scene(['local', 'key:ada', 'key:bob'], new Set(['local', 'key:ada']));
    keyed.start();
    await settle();
    await clock.advance(1_000);
    await settle();
    expect(forgotten).toEqual(['key:ada']);
    await keyed.close();
  });

  it('are looked at by nobody where there are none, and a file that cannot be read costs no start', async () => {
    const none = scene(['local'], new Set());
    none.keyed.start();
    await settle();
    expect(clock.pending).toBe(0);
    const broken = new KeyedLogins({
      keys: { isGone: () => true },
      logins: { principals: () => Promise.reject(new HubError('CONFIG_ERROR', 'no')), forget: async () => {} },
      pool: { all: () => [] },
      clock,
      logger: silentLogger,
      forget: () => {},
    });
    broken.start();
    await settle();
    expect(clock.pending).toBe(0);
  });
});

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHubError, systemClock } from '../../src/base/index.ts';
import { expiryOf, fingerprintOf, keyText, newApiKey, readKeyText } from '../../src/config/api-keys/api-key.ts';
import { createApiKey, revokeApiKey } from '../../src/config/api-keys/key-edits.ts';
import { ApiKeyFile } from '../../src/config/api-keys/key-file.ts';

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const wanted = (name = 'laptop') => ({ name, scopes: ['mcp'] as const, expiresAt: null });

describe('a key', () => {
  it('is letters and digits that name it, and its text is kept nowhere', () => {
    const { key, text } = newApiKey({ ...wanted(), scopes: ['admin', 'mcp'] }, NOW);
    expect(text).toMatch(/^mcphub_[0-9a-z]{8}_[0-9A-Za-z]{43}$/);
    expect(readKeyText(text)).toBe(key.id);
    expect(key).toMatchObject({ scopes: ['mcp', 'admin'], createdAt: '2026-11-21T12:00:00.000Z', lastUsedAt: null });
    expect(JSON.stringify(key)).not.toContain(text.slice(16));
    expect(key.hash).toBe(fingerprintOf(text).toString('hex'));
  });

  it('holds every one of its 256 bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (one, other) => {
        const [first, second] = [keyText('abcdefgh', Buffer.from(one)), keyText('abcdefgh', Buffer.from(other))];
        expect(readKeyText(first)).toBe('abcdefgh');
        expect(first === second).toBe(Buffer.from(one).equals(Buffer.from(other)));
      }),
    );
  });

  it.each([
    '',
    'mcphub_',
    'mcphub_abcdefgh_',
    `mcphub_abcdefgh_${'a'.repeat(42)}`,
    `mcphub_ABCDEFGH_${'a'.repeat(43)}`,
    `x${'a'.repeat(60)}`,
  ])('is not %j', (text) => expect(readKeyText(text)).toBeUndefined());

  it.each(['', ' ', 'x'.repeat(65), 'a\nb', 'a\u0007'])('cannot be called %j', (name) => {
    expect(() => newApiKey(wanted(name), NOW)).toThrow(/name of a key/);
  });
});

describe('the time that a key lasts', () => {
  it.each([
    ['12h', '2026-11-22T00:00:00.000Z'],
    ['90d', '2027-02-19T12:00:00.000Z'],
    ['4w', '2026-12-19T12:00:00.000Z'],
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T10:00:00+02:00', '2027-01-31T08:00:00.000Z'],
  ])('%s', (text, at) => expect(expiryOf(text, NOW)).toBe(at));

  it.each(['', '90', 'd', '-1d', '0d', '1y', '1e9d', '2026-11-21', '2026-13-01', 'tomorrow', '99999999d'])('is not %j', (text) => {
    expect(() => expiryOf(text, NOW)).toThrow(/is no time|is over already/);
  });
});

describe('the file of the keys', () => {
  let dir: string;
  let file: ApiKeyFile;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'mcp-hub-keys-'));
    file = new ApiKeyFile({ path: join(dir, 'data', 'api-keys.json'), clock: systemClock });
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const failure = async (work: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await work.catch((reason: unknown) => reason);
    return isHubError(error) ? error.code : error;
  };

  it('is its owner’s alone, and holds hashes', async () => {
    expect(file.read()).toEqual([]);
    expect(file.stamp()).toBe('');
    const { text, key } = await createApiKey(file, wanted(), NOW);
    expect(file.read()).toEqual([key]);
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect(await readFile(file.path, 'utf8')).not.toContain(text.slice(16));
  });

  it('looks different after every change', async () => {
    const stamps = new Set([file.stamp()]);
    for (const name of ['a', 'b']) {
      await createApiKey(file, wanted(name), NOW);
      stamps.add(file.stamp());
    }
    await revokeApiKey(file, 'a');
    expect(stamps.add(file.stamp()).size).toBe(4);
    await file.change((keys) => keys);
    expect(stamps.add(file.stamp()).size).toBe(4);
  });

  it('has no two keys of one name, and revokes by name, by id and by the key itself', async () => {
    const { key } = await createApiKey(file, wanted('one'), NOW);
    await createApiKey(file, wanted('two'), NOW);
    expect(await failure(createApiKey(file, wanted('one'), NOW))).toBe('ALREADY_EXISTS');
    expect(await failure(createApiKey(file, wanted(key.id), NOW))).toBe('ALREADY_EXISTS');
    expect((await revokeApiKey(file, key.id)).name).toBe('one');
    expect((await revokeApiKey(file, 'two')).name).toBe('two');
    const { text } = await createApiKey(file, wanted('three'), NOW);
    expect((await revokeApiKey(file, text)).name).toBe('three');
    expect(await failure(revokeApiKey(file, 'two'))).toBe('RESOURCE_NOT_FOUND');
    expect(file.read()).toEqual([]);
  });

  it('quotes nothing of a text that begins like a key but its id', async () => {
    const { text, key } = await createApiKey(file, wanted('one'), NOW);
    const cut = text.slice(0, -1);
    const refused = (work: Promise<unknown>): Promise<unknown> => work.then(String, (error: unknown) => error);
    expect(await refused(revokeApiKey(file, cut))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: `There is no API key "mcphub_${key.id}_…".`,
      details: { key: `mcphub_${key.id}_…` },
    });
    const name = await refused(createApiKey(file, wanted(cut), NOW));
    expect(name).toMatchObject({ code: 'VALIDATION_ERROR', details: { field: 'name' } });
    expect(String(name)).not.toContain(cut.slice(16));
  });

  it('loses no change of several at once', async () => {
    const other = new ApiKeyFile({ path: file.path, clock: systemClock });
    const names = Array.from({ length: 12 }, (_, at) => `k${at}`);
    await Promise.all(names.map((name, at) => createApiKey(at % 2 ? file : other, wanted(name), NOW)));
    expect(
      file
        .read()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
  });

  it.each(['{', '[]', '{"keys":{}}', '{"keys":[{"id":"x"}]}'])('is not taken when it holds %s, nor written over', async (text) => {
    await createApiKey(file, wanted(), NOW);
    await writeFile(file.path, text);
    expect(() => file.read()).toThrow(/api-keys\.json, cannot be used/);
    expect(await failure(createApiKey(file, wanted('other'), NOW))).toBe('CONFIG_ERROR');
    expect(await readFile(file.path, 'utf8')).toBe(text);
  });

  it.each([{ expiresAt: 'soon' }, { scopes: ['root'] }, { hash: 'x' }, { lastUsedAt: 5 }])('is not taken with %j in it', async (change) => {
    const { key } = await createApiKey(file, wanted(), NOW);
    await writeFile(file.path, JSON.stringify({ keys: [{ ...key, ...change }] }));
    expect(() => file.read()).toThrow(/something else than keys/);
  });
});

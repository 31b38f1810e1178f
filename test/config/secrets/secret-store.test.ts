import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Keyring, KeyringError } from '../../../src/config/secrets/keyring.ts';
import { SecretStore } from '../../../src/config/secrets/secret-store.ts';

let dataDir = '';
beforeEach(async () => void (dataDir = await mkdtemp(join(tmpdir(), 'hub-secrets-'))));
afterEach(() => rm(dataDir, { recursive: true }));

/** A keyring in memory, which can be taken away. */
class MemoryKeyring implements Keyring {
  readonly values = new Map<string, string>();
  isThere = true;

  async get(name: string): Promise<string | undefined> {
    return this.#open().get(name);
  }

  async set(name: string, value: string): Promise<void> {
    this.#open().set(name, value);
  }

  async remove(name: string): Promise<void> {
    this.#open().delete(name);
  }

  #open(): Map<string, string> {
    if (!this.isThere) throw new KeyringError('no keyring here');
    return this.values;
  }
}

function stores(): { keyring: MemoryKeyring; store: SecretStore } {
  const keyring = new MemoryKeyring();
  return { keyring, store: new SecretStore({ dataDir, keyring }) };
}

describe('a stored secret', () => {
  it('is kept in the keyring, and its name in the file', async () => {
    const { keyring, store } = stores();
    expect(await store.set('github', 's3cret')).toEqual({ store: 'keyring' });
    expect(keyring.values).toEqual(new Map([['github', 's3cret']]));
    expect(await store.list()).toEqual([{ name: 'github', store: 'keyring' }]);
    expect(await store.get('github')).toBe('s3cret');
    expect(await store.remove('github')).toBe('keyring');
    expect([keyring.values.size, await store.list()]).toEqual([0, []]);
  });

  it('is kept in a sealed file where there is no keyring, and says why', async () => {
    const { keyring, store } = stores();
    keyring.isThere = false;
    expect(await store.set('github', 's3cret-value')).toEqual({ store: 'file', reason: 'no keyring here' });
    expect(await store.get('github')).toBe('s3cret-value');
    const path = join(dataDir, 'secrets.json');
    const text = await readFile(path, 'utf8');
    for (const word of ['github', 's3cret-value', Buffer.from('s3cret-value').toString('base64url')]) expect(text).not.toContain(word);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await store.remove('github')).toBe('file');
    expect(await store.list()).toEqual([]);
  });

  it('moves when it is set anew for another place', async () => {
    const { keyring, store } = stores();
    await store.set('a', 'one');
    expect(await store.set('a', 'two', 'file')).toEqual({ store: 'file' });
    expect([keyring.values.size, await store.get('a')]).toEqual([0, 'two']);
    expect(await store.set('a', 'three', 'keyring')).toEqual({ store: 'keyring' });
    expect([keyring.values.get('a'), await store.get('a')]).toEqual(['three', 'three']);
  });

  it('that moves away from a keyring that is gone says that the older value stays there', async () => {
    const { keyring, store } = stores();
    await store.set('a', 'one');
    keyring.isThere = false;
    expect(await store.set('a', 'two', 'file')).toEqual({ store: 'file', reason: 'its older value stays there: no keyring here' });
    expect(await store.get('a')).toBe('two');
  });

  it('is not put elsewhere than it was asked for', async () => {
    const { keyring, store } = stores();
    keyring.isThere = false;
    const refused = await store.set('a', 's3cret', 'keyring').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('no keyring here') });
    expect(String(refused)).toContain('mcp-hub secret set a --store file');
    expect(String(refused)).not.toContain('s3cret');
    expect(await store.list()).toEqual([]);
  });

  it('that the keyring cannot give is an error with a remedy', async () => {
    const { keyring, store } = stores();
    await store.set('a', 'one');
    keyring.values.clear();
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('mcp-hub secret set a') });
    keyring.isThere = false;
    await expect(store.get('a')).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('no keyring here') });
  });

  it('that is not there is told with the nearest name', async () => {
    const { store } = stores();
    await store.set('github', 'x');
    for (const work of [() => store.get('githb'), () => store.remove('githb'), () => store.place('githb')])
      await expect(work()).rejects.toMatchObject({ code: 'VALIDATION_ERROR', message: expect.stringContaining('Did you mean "github"?') });
  });

  it.each(['', ' ', 'a b', 'a/b', 'a:-b', 'ä', 'a'.repeat(129)])('cannot be called %j', async (name) => {
    const { store } = stores();
    await expect(store.set(name, 'x')).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  it.each(['__proto__', 'constructor', 'toString', '.', '-'])('may be called %j', async (name) => {
    const { store } = stores();
    await expect(store.get(name)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await store.set(name, 'value', 'file');
    expect([await store.get(name), await store.list()]).toEqual(['value', [{ name, store: 'file' }]]);
  });

  it('is not lost when many are stored at once', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `n${String(n).padStart(2, '0')}`);
    await Promise.all(names.map((name) => stores().store.set(name, name, 'file')));
    expect((await stores().store.list()).map(({ name }) => name)).toEqual(names);
  });
});

import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { SealedFile } from '../../src/config/sealed-file.ts';
import { sealingKey } from '../../src/config/sealing-key.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-sealed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (name = 'logins.json', keyFile = 'key'): SealedFile =>
  new SealedFile({ path: join(folder, name), keyFile: join(folder, keyFile), clock: systemClock, what: 'logins' });
const bytes = (name = 'logins.json'): Promise<string> => readFile(join(folder, name), 'utf8');

describe('a sealed file', () => {
  it('gives back what was put into it, and shows nothing of it to others', async () => {
    expect(await file().read()).toEqual({});
    await file().change(() => ({ token: 'planted-secret', n: 1 }));
    await file().change((content) => ({ ...content, n: 2 }));
    expect(await file().read()).toEqual({ token: 'planted-secret', n: 2 });
    expect(await bytes()).not.toMatch(/planted|token/);
    const modes = await Promise.all(['logins.json', 'key'].map(async (name) => (await stat(join(folder, name))).mode & 0o777));
    expect(modes).toEqual([0o600, 0o600]);
  });

  it('reads a file from before, and seals it with the next change', async () => {
    await writeFile(join(folder, 'logins.json'), '{ "a": "planted-secret" }');
    expect(await file().read()).toEqual({ a: 'planted-secret' });
    await file().change((content) => content);
    expect(await bytes()).not.toContain('planted-secret');
    expect(await file().read()).toEqual({ a: 'planted-secret' });
  });

  it('loses no change of several at once, of several objects', async () => {
    const files = [file(), file(), file()];
    await Promise.all(Array.from({ length: 30 }, (_, n) => files[n % 3]?.change((content) => ({ ...content, [`k${n}`]: n }))));
    expect(Object.keys(await file().read())).toHaveLength(30);
  });

  it('is refused when it was changed, sealed under another key, or put in the place of another', async () => {
    await file().change(() => ({ a: 1 }));
    const { sealed } = JSON.parse(await bytes()) as { sealed: string };
    const other = sealed.at(20) === 'A' ? 'B' : 'A';
    await writeFile(join(folder, 'logins.json'), JSON.stringify({ sealed: `${sealed.slice(0, 20)}${other}${sealed.slice(21)}` }));
    await expect(file().read()).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('it was changed') });
    await writeFile(join(folder, 'logins.json'), JSON.stringify({ sealed }));
    await expect(file('logins.json', 'other-key').read()).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    await rename(join(folder, 'logins.json'), join(folder, 'secrets.json'));
    await expect(file('secrets.json').read()).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });

  it('does not quote what it cannot read', async () => {
    await writeFile(join(folder, 'logins.json'), '{ "a": "planted-secret" ');
    const error: unknown = await file()
      .read()
      .catch((cause: unknown) => cause);
    expect(String(error)).toContain('is not a JSON object');
    expect(String(error)).not.toContain('planted');
  });
});

describe('the key', () => {
  it('is one and the same for all who make it at once', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => sealingKey(join(folder, 'deep', 'key'))));
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  });

  it('is for its owner alone again, and refused when it is none', async () => {
    const path = join(folder, 'key');
    const key = await sealingKey(path);
    const { chmod } = await import('node:fs/promises');
    await chmod(path, 0o644);
    expect(await sealingKey(path)).toEqual(key);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFile(path, 'short');
    await expect(sealingKey(path)).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('holds no key') });
  });
});

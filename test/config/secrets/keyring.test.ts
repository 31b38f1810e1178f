import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Keyring, KeyringError, systemKeyring } from '../../../src/config/secrets/keyring.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'hub-keyring-'))));
afterEach(() => rm(folder, { recursive: true }));

/** A keyring whose module is this text in the place of the native one. */
async function keyring(entry: string, withinMs = 10_000): Promise<Keyring> {
  const module = join(folder, 'module.cjs');
  await writeFile(module, `exports.AsyncEntry = class { constructor(...about) { this.about = about; } ${entry} };`);
  const env = {
    PATH: process.env['PATH'],
    HOME: '/home/me',
    MCP_HUB_ENV: '{"A":"x"}',
    API_TOKEN: 't',
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x',
  };
  return systemKeyring(env, { module, withinMs });
}

const failure = (work: Promise<unknown>): Promise<unknown> => work.then(String, (error: unknown) => error);

describe('the keyring', () => {
  it('is asked under the name of the hub, by a process that gets the way to the session and nothing else', async () => {
    const asked = await keyring(
      'async getPassword() { return JSON.stringify({ about: this.about, env: process.env, argv: process.argv }); }',
    );
    const { about, env, argv } = JSON.parse((await asked.get('github')) ?? '');
    expect(about.slice(0, 2)).toEqual(['mcp-hub', 'github']);
    expect(process.platform === 'linux' ? about[2] : undefined).toEqual(
      process.platform === 'linux' ? { linux: { store: 'secret-service' } } : undefined,
    );
    expect(Object.keys(env).toSorted()).toEqual(['DBUS_SESSION_BUS_ADDRESS', 'HOME', 'PATH']);
    expect(argv).toEqual([process.execPath]);
  });

  it('gives values of any text, and none', async () => {
    const value = 'ä "quoted"\n\\ ${NAME}\u2028'.repeat(1_000);
    expect(await (await keyring(`async getPassword() { return ${JSON.stringify(value)}; }`)).get('a')).toBe(value);
    expect(await (await keyring('async getPassword() { return null; }')).get('a')).toBeUndefined();
  });

  it('that refuses says why, without the value', async () => {
    const refusing = await keyring("async setPassword(value) { throw new Error('cannot take ' + value + '\\nmore'); }");
    const error = await failure(refusing.set('a', 's3cret'));
    expect(error).toBeInstanceOf(KeyringError);
    expect(String(error)).toBe('KeyringError: cannot take [redacted]');
  });

  it.each([
    ['crashes', 'async getPassword() { process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); }', 'ended without an answer'],
    ['says nothing', 'async getPassword() { process.exit(0); }', 'ended without an answer'],
    ['waits for ever', 'getPassword() { setInterval(() => {}, 1000); return new Promise(() => {}); }', 'did not answer within 1 s'],
    ['hangs', 'async getPassword() { for (;;); }', 'did not answer within 1 s'],
  ])('that %s is an error, and takes nothing with it', async (_, entry, words) => {
    const error = await failure((await keyring(entry, 1_000)).get('a'));
    expect(error).toBeInstanceOf(KeyringError);
    expect(String(error)).toContain(words);
  });

  it('is not waited for when the start of the server is given up', async () => {
    const hanging = await keyring('async getPassword() { for (;;); }');
    const stop = new AbortController();
    const waiting = failure(hanging.get('a', stop.signal));
    setTimeout(() => stop.abort(new Error('stopped')), 100);
    expect(String(await waiting)).toBe('Error: stopped');
  });
});

import { chmod, lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHubError } from '../../src/base/index.ts';
import { type ConfigChange, ConfigStore, type HubConfig, loadConfig } from '../../src/config/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILE = 'c.json';
const text = (): Promise<string> => readFile(join(folder, FILE), 'utf8');
const write = (content: string, file = FILE): Promise<void> => writeFile(join(folder, file), content);

/** A store over real files, and what it told. */
function open(...files: string[]) {
  const changes: ConfigChange[] = [];
  const store = new ConfigStore({
    cwd: folder,
    load: (texts) => loadConfig({ files, env: {}, cwd: folder, defaultFile: FILE, ...(texts && { texts }) }),
    follow: async (change) => void changes.push(change),
  });
  return { store, changes };
}

async function failure(work: Promise<unknown>): Promise<{ code: string; message: string; details: unknown }> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!isHubError(error)) throw new Error(`Not refused with a HubError: ${String(error)}`);
  return { code: error.code, message: error.message, details: error.details };
}

const COMMENTED = `{
  // what I need
  "mcpServers": {
    "a": { "command": "one", "autoApprove": ["x"] }, // mine
    "b": { "command": "two" },
  },
}
`;

describe('apply', () => {
  it('has nothing in force before the first one', () => {
    expect(() => open().store.current).toThrow(/before it was loaded/);
  });

  it('loads one after the other, and a failure leaves the old value in force', async () => {
    const good = await loadConfig({ files: ['missing.json'], env: {}, cwd: '/nowhere', defaultFile: '' });
    const steps: string[] = [];
    const outcomes: (HubConfig | undefined)[] = [good, undefined, { ...good, files: ['new'] }];
    const store = new ConfigStore({
      cwd: folder,
      load: async () => {
        const outcome = outcomes.shift();
        steps.push('start');
        await new Promise((resolve) => setImmediate(resolve));
        steps.push('end');
        if (!outcome) throw new Error('broken');
        return outcome;
      },
      follow: async ({ after }) => void steps.push(`follow ${after.files.join()}`),
    });
    const first = store.apply();
    const second = store.apply();
    const third = store.apply();
    await expect(second).rejects.toThrow('broken');
    expect((await first).config).toBe(good);
    expect((await third).config).toBe(store.current);
    expect(store.current.files).toEqual(['new']);
    expect(steps).toEqual(['start', 'end', 'follow missing.json', 'start', 'end', 'start', 'end', 'follow new']);
  });

  it('does not wait for what follows a change before it looks at the next one', async () => {
    const good = await loadConfig({ files: ['missing.json'], env: {}, cwd: '/nowhere', defaultFile: '' });
    const store = new ConfigStore({ cwd: folder, load: async () => good, follow: () => new Promise(() => {}) });
    await store.apply();
    expect((await store.apply()).config).toBe(good);
  });

  it('says where a broken file is broken, and nothing has moved', async () => {
    await write(COMMENTED);
    const { store, changes } = open(FILE);
    await store.apply();
    const before = store.current;
    await write('{\n  "mcpServers": {\n    "a": }\n}');
    const refused = await failure(store.apply());
    expect(refused.code).toBe('CONFIG_ERROR');
    expect(refused.message).toContain('c.json:3:10:');
    expect(store.current).toBe(before);
    expect(changes).toHaveLength(1);
    await write(COMMENTED);
    expect((await store.apply()).diff).toMatchObject({ isEmpty: true, isSignificant: false });
  });
});

describe('edit', () => {
  it('changes entries where they stand, keeps comments, and puts the result in force', async () => {
    await write(COMMENTED);
    const { store, changes } = open(FILE);
    await store.apply();
    const { applied, etag } = await store.edit([{ kind: 'patch', name: 'a', patch: { disabled: true } }], { file: FILE });
    expect(applied?.diff).toMatchObject({ modified: ['a'], unchanged: ['b'], added: [], removed: [] });
    expect([...(applied?.diff.restart ?? [])]).toEqual(['a']);
    const now = await text();
    for (const kept of ['// what I need', '// mine', '"autoApprove": ["x"]', '"disabled": true']) expect(now).toContain(kept);
    expect(store.current.servers[0]).toMatchObject({ id: 'a', disabled: true });
    expect(changes).toHaveLength(2);
    await store.edit([{ kind: 'patch', name: 'a', patch: { disabled: null } }], { file: FILE, ifMatch: etag });
    expect(await text()).toBe(COMMENTED);
    expect(store.current.servers[0]).toMatchObject({ disabled: false });
  });

  it('adds to a file that does not exist yet, and removes again', async () => {
    const { store } = open(FILE, 'other.json');
    await store.apply();
    await store.edit([{ kind: 'set', name: 'new', entry: { command: 'x' } }], { file: 'other.json' });
    expect(store.current.servers).toMatchObject([{ id: 'new', source: 'other.json' }]);
    await store.edit([{ kind: 'remove', name: 'new' }], { file: 'other.json' });
    expect(store.current.servers).toEqual([]);
  });

  it('writes through a link, which stays one', async () => {
    await write(COMMENTED, 'real.json');
    await symlink('real.json', join(folder, FILE));
    const { store } = open(FILE);
    await store.apply();
    await store.edit([{ kind: 'remove', name: 'b' }], { file: FILE });
    expect((await lstat(join(folder, FILE))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'real.json'), 'utf8')).not.toContain('"b"');
  });

  it('does everything but write in a dry run', async () => {
    await write(COMMENTED);
    const { store, changes } = open(FILE);
    await store.apply();
    const { after, before, applied } = await store.edit([{ kind: 'remove', name: 'b' }], { file: FILE, dryRun: true });
    expect(before).toBe(COMMENTED);
    expect(after).not.toContain('"b"');
    expect(applied).toBeUndefined();
    expect(await text()).toBe(COMMENTED);
    expect(changes).toHaveLength(1);
  });

  it.each([
    ['an entry with neither command nor url', { kind: 'set', name: 'c', entry: {} }, 'VALIDATION_ERROR', /neither "command" nor "url"/],
    ['a wrong type', { kind: 'patch', name: 'a', patch: { args: 'x' } }, 'VALIDATION_ERROR', /mcpServers\.a\.args/],
    ['a bad name', { kind: 'set', name: '..', entry: { command: 'x' } }, 'VALIDATION_ERROR', /cannot name a server/],
    ['a server that is not there', { kind: 'remove', name: 'c' }, 'SERVER_NOT_FOUND', /"c"/],
  ] as const)('refuses %s, and writes nothing', async (_, edit, code, message) => {
    await write(COMMENTED);
    const { store, changes } = open(FILE);
    await store.apply();
    const refused = await failure(store.edit([edit], { file: FILE }));
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message);
    const about = code === 'SERVER_NOT_FOUND' ? { server: 'c' } : { diagnostics: [{ severity: 'error', file: FILE }] };
    expect(refused.details).toMatchObject(about);
    expect(await text()).toBe(COMMENTED);
    expect(changes).toHaveLength(1);
  });

  it('refuses a file that is none of the config, or has changed since, or is broken, or another file that is', async () => {
    await write(COMMENTED);
    const { store } = open(FILE, 'other.json');
    await store.apply();
    const edit = [{ kind: 'remove', name: 'b' }] as const;
    expect(await failure(store.edit(edit, { file: '/etc/passwd' }))).toMatchObject({ code: 'VALIDATION_ERROR' });
    expect(await failure(store.edit(edit, { file: FILE, ifMatch: 'old' }))).toMatchObject({ code: 'PRECONDITION_FAILED' });
    await write('{', 'other.json');
    expect(await failure(store.edit(edit, { file: FILE }))).toMatchObject({ code: 'CONFIG_ERROR' });
    await rm(join(folder, 'other.json'));
    await write('{');
    expect(await failure(store.edit(edit, { file: FILE }))).toMatchObject({ code: 'CONFIG_ERROR' });
    expect(await text()).toBe('{');
  });

  it('refuses a new server under a name that stands in the file', async () => {
    await write(COMMENTED);
    const { store } = open(FILE);
    await store.apply();
    const edit = { kind: 'set', name: 'a', entry: { command: 'x' } } as const;
    expect(await failure(store.edit([edit], { file: FILE, isNew: true }))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await text()).toBe(COMMENTED);
  });

  it('lets an entry that was broken be disabled', async () => {
    await write('{"mcpServers": {"a": {"args": []}}}');
    const { store } = open(FILE);
    await store.apply();
    await store.edit([{ kind: 'patch', name: 'a', patch: { disabled: true } }], { file: FILE });
    expect(store.current.servers).toMatchObject([{ kind: 'invalid', disabled: true }]);
  });

  it('keeps what somebody else writes at the same time, and waits for the second half of it', async () => {
    await write(COMMENTED);
    const { store } = open(FILE);
    await store.apply();
    const edits = Array.from({ length: 5 }, (_, at) =>
      store.edit([{ kind: 'set', name: `mine${at}`, entry: { command: 'x' } }], { file: FILE }),
    );
    await write('');
    setTimeout(() => void write('{"mcpServers": {"a": {"command": "one"}, "theirs": {"command": "y"}}}'), 60);
    await Promise.all(edits);
    expect(store.current.servers.map(({ id }) => id)).toEqual(['a', 'theirs', 'mine0', 'mine1', 'mine2', 'mine3', 'mine4']);
  });

  it.skipIf(process.getuid?.() === 0)('says so when the file cannot be written, and nothing has moved', async () => {
    await write(COMMENTED);
    const { store } = open(FILE);
    await store.apply();
    const before = store.current;
    await chmod(join(folder, FILE), 0o400);
    await chmod(folder, 0o500);
    const refused = await failure(store.edit([{ kind: 'remove', name: 'b' }], { file: FILE }));
    await chmod(folder, 0o700);
    expect(refused).toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('cannot be written') });
    expect(store.current).toBe(before);
  });
});

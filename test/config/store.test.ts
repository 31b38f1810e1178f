import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, isHubError, systemClock } from '../../src/base/index.ts';
import { type ConfigChange, ConfigStore, type HubConfig, loadConfig } from '../../src/config/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILE = 'c.json';
const text = (): Promise<string> => readFile(join(folder, FILE), 'utf8');
const write = (content: string, file = FILE): Promise<void> => writeFile(join(folder, file), content);

/** Where hubs keep their locks, and what a store has to say when it cannot. */
const keepers = (warnings: string[] = [], clock: Clock = systemClock) => ({
  locksDir: join(folder, 'locks'),
  clock,
  warn: (warning: string) => void warnings.push(warning),
});

/** A store over real files, and what it told. */
function open(...files: string[]) {
  return openAt(systemClock, ...files);
}

function openAt(clock: Clock, ...files: string[]) {
  const changes: ConfigChange[] = [];
  const warnings: string[] = [];
  const store = new ConfigStore({
    ...keepers(warnings, clock),
    cwd: folder,
    load: (how) => loadConfig({ files, env: {}, cwd: folder, defaultFile: FILE, ...how }),
    follow: async (change) => void changes.push(change),
  });
  return { store, changes, warnings };
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
      ...keepers(),
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
    const store = new ConfigStore({ ...keepers(), cwd: folder, load: async () => good, follow: () => new Promise(() => {}) });
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

describe('a file that is gone', () => {
  const server = (name: string): string => JSON.stringify({ mcpServers: { [name]: { command: 'x' } } });
  const OTHER = 'other.json';

  it('counts as it was until somebody who reloads takes it as gone', async () => {
    await write(server('a'));
    await write(server('b'), OTHER);
    const { store } = open(FILE, OTHER, 'never.json');
    const ids = (): string[] => store.current.servers.map(({ id }) => id);
    await store.apply();
    await rm(join(folder, OTHER));
    expect((await store.apply({ keepsGone: true })).diff.isEmpty).toBe(true);
    await write(server('a2'));
    await store.apply({ keepsGone: true });
    expect(ids()).toEqual(['a2', 'b']);
    await store.edit([{ kind: 'set', name: 'c', entry: { command: 'x' } }], { file: FILE });
    expect(ids()).toEqual(['a2', 'c', 'b']);
    expect(store.current.diagnostics).toMatchObject([{ severity: 'warning', file: OTHER, message: expect.stringContaining('is gone') }]);
    await store.apply();
    expect(ids()).toEqual(['a2', 'c']);
    expect(store.current.diagnostics).toEqual([]);
    await store.apply({ keepsGone: true });
    expect(ids()).toEqual(['a2', 'c']);
    await write(server('b2'), OTHER);
    await store.apply({ keepsGone: true });
    expect(ids()).toEqual(['a2', 'c', 'b2']);
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

  it('writes no value that a file gets along with and that counts as absent, and leaves one that stands there', async () => {
    await write('{"mcpServers": {"a": {"command": "one", "start": "now"}}}');
    const { store } = open(FILE);
    await store.apply();
    expect(store.current.servers).toMatchObject([{ kind: 'stdio', errors: [] }]);
    for (const patch of [{ restart: 'always' }, { type: 'ws' }, { type: 'sse' }, { disabled: 'true' }, { start: 'then', name: 5 }]) {
      const refused = await failure(store.edit([{ kind: 'patch', name: 'a', patch }], { file: FILE }));
      expect(refused).toMatchObject({ code: 'VALIDATION_ERROR', message: expect.stringContaining('nothing was changed') });
    }
    await store.edit([{ kind: 'patch', name: 'a', patch: { type: 'local', name: 'A' } }], { file: FILE });
    expect(JSON.parse(await text())).toEqual({ mcpServers: { a: { command: 'one', start: 'now', type: 'local', name: 'A' } } });
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

describe('several hubs with one config file', () => {
  const adding = (store: ConfigStore, file: string, mark: string, count: number): Promise<unknown>[] =>
    Array.from({ length: count }, (_, at) => store.edit([{ kind: 'set', name: `${mark}${at}`, entry: { command: 'x' } }], { file }));
  const namesIn = async (file = FILE): Promise<readonly string[]> => {
    const { config } = await open(file).store.apply();
    return config.servers.map(({ id }) => id);
  };
  /** Lets a program that lives take the lock and not let go of it. @returns the file that says so */
  const hang = async (): Promise<string> => {
    const [lock = ''] = await readdir(join(folder, 'locks'));
    const file = join(folder, 'locks', lock, `${process.pid}.hangs`);
    await writeFile(file, '');
    return file;
  };
  /** Lets time pass until `work` is over. @returns how much, in milliseconds */
  const passing = async (clock: FakeClock, work: Promise<unknown>, meanwhile = async (): Promise<void> => {}): Promise<number> => {
    const state = { isOver: false };
    const over = (): void => void (state.isOver = true);
    work.then(over, over);
    const startMs = clock.now();
    while (!state.isOver) {
      await meanwhile();
      await clock.advance(50);
      await delay(1);
    }
    return clock.now() - startMs;
  };

  it('keeps every edit that was said to be made, also of a file that two of them know by other names', async () => {
    await mkdir(join(folder, 'real'));
    await symlink('real', join(folder, 'linked'));
    await symlink('real/new.json', join(folder, FILE));
    const files = [FILE, 'linked/new.json', 'real/new.json'];
    const hubs = files.map((file) => ({ file, store: open(file).store }));
    await Promise.all(hubs.map(({ store }) => store.apply()));
    await Promise.all(hubs.flatMap(({ store, file }, at) => adding(store, file, `of${at}-`, 6)));
    expect(new Set(await namesIn('real/new.json')).size).toBe(18);
    // Nothing but the file itself, and the link that was there.
    expect(await readdir(join(folder, 'real'))).toEqual(['new.json']);
    expect((await readdir(folder)).toSorted()).toEqual([FILE, 'linked', 'locks', 'real']);
  });

  it('edits where no lock can be kept, and says what that means', async () => {
    await write(COMMENTED);
    await write('a file in the place of the folder', 'locks');
    const { store, warnings } = open(FILE);
    await store.apply();
    await Promise.all(adding(store, FILE, 'new', 1));
    expect(await namesIn()).toContain('new0');
    expect(warnings).toEqual([expect.stringMatching(/^c\.json is changed without a lock, .*locks/)]);
  });

  it('does not wait for ever for one that hangs', async () => {
    const clock = new FakeClock(Date.now());
    const { store, warnings } = openAt(clock, FILE);
    await store.apply();
    await Promise.all(adding(store, FILE, 'first', 1));
    await hang();
    expect(await passing(clock, Promise.all(adding(store, FILE, 'second', 1)))).toBeGreaterThan(9_000);
    expect(await namesIn()).toEqual(['first0', 'second0']);
    expect(warnings).toEqual([]);
  });

  it('gives up with a conflict where others are in the way all the time, and nothing has moved', async () => {
    const clock = new FakeClock(Date.now());
    const { store } = openAt(clock, FILE);
    await store.apply();
    await Promise.all(adding(store, FILE, 'first', 1));
    const file = await hang();
    const refused = failure(Promise.all(adding(store, FILE, 'second', 1)));
    await passing(clock, refused, () => utimes(file, clock.now() / 1_000, clock.now() / 1_000));
    expect(await refused).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('nothing was changed') });
    expect(await namesIn()).toEqual(['first0']);
  });

  it('begins anew when it was taken for dead in the middle of an edit', async () => {
    await write(COMMENTED);
    const texts: string[] = [];
    const store = new ConfigStore({
      ...keepers(),
      cwd: folder,
      load: async (how) => {
        const edited = how.texts?.get(FILE);
        if (edited !== undefined) texts.push(edited);
        // As others do who hold it for dead: its lock is taken away.
        const [lock = ''] = edited !== undefined && texts.length === 1 ? await readdir(join(folder, 'locks')) : [];
        if (lock !== '') await rm(join(folder, 'locks', lock), { recursive: true });
        return loadConfig({ files: [FILE], env: {}, cwd: folder, defaultFile: FILE, ...how });
      },
      follow: async () => {},
    });
    await store.apply();
    await Promise.all(adding(store, FILE, 'new', 1));
    expect(texts).toHaveLength(2);
    expect(await namesIn()).toEqual(['a', 'b', 'new0']);
  });
});

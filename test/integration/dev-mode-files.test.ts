import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, deferred, type LogRecord, systemClock } from '../../src/base/index.ts';
import type { DevDefinition, ServerDefinition } from '../../src/config/index.ts';
import { DevMode } from '../../src/hub/dev-mode.ts';
import type { News, SubscriptionEvent } from '../../src/hub/news.ts';
import { eventually } from '../support/eventually.ts';

/** Longer than a burst lasts. */
const BURST_OVER_MS = 900;

let folder: string;
let app: string;
let dev: DevMode;
let records: LogRecord[];
let news: News[];
let restarts: string[];
/** Servers that are not to run. */
let unwanted: Set<string>;
let restarted: Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-dev-'));
  app = join(folder, 'app');
  await mkdir(join(app, 'src'), { recursive: true });
  await writeFile(join(app, 'src/main.js'), '1');
  [records, news, restarts, unwanted, restarted] = [[], [], [], new Set(), Promise.resolve()];
  dev = new DevMode({
    clock: systemClock,
    logger: createLogger([(record) => records.push(record)]),
    publish: (item) => news.push(item),
    env: { HOME: folder, APP: 'app' },
    cwd: folder,
    isWanted: (id) => !unwanted.has(id),
    restart: (id) => {
      restarts.push(id);
      return restarted;
    },
    capabilities: (id) => ({ tools: [{ name: `${id}-tool` }] }),
  });
});

afterEach(async () => {
  await dev.close();
  await rm(folder, { recursive: true, force: true });
});

function server(id: string, settings?: Partial<DevDefinition>, more: { disabled?: boolean; args?: string[] } = {}): ServerDefinition {
  return {
    kind: 'stdio',
    id,
    command: 'node',
    args: more.args ?? [],
    env: {},
    disabled: more.disabled ?? false,
    initTimeoutMs: 1_000,
    requestTimeoutMs: 1_000,
    isolation: 'auto',
    maxConnections: 1,
    source: 'mcp-servers.json',
    errors: [],
    ...(settings && { dev: { enabled: true, watch: ['**/*.js'], cwd: app, ...settings } }),
  };
}

const said = (text: string): LogRecord[] => records.filter(({ message }) => message.includes(text));

/** Follows these servers and waits until `count` of them are watched. */
async function follow(definitions: readonly ServerDefinition[], count: number): Promise<void> {
  records.length = 0;
  dev.follow(definitions);
  await eventually(() => expect(said('is in dev mode')).toHaveLength(count));
}

const events = (): SubscriptionEvent[] => news.flatMap((item) => (item.name === 'subscription_event' ? [item.data] : []));

/** Waits for the next restarts, and makes sure that there are no more of them. */
async function expectRestarts(...ids: string[]): Promise<readonly string[]> {
  await eventually(() => expect(restarts).toHaveLength(ids.length));
  await delay(BURST_OVER_MS);
  expect(restarts).toEqual(ids);
  restarts.length = 0;
  const last = events().findLast(({ type }) => type === 'servers_updated');
  news.length = 0;
  return last?.type === 'servers_updated' ? (last.changes.files ?? []) : [];
}

describe('a server in dev mode', () => {
  it('restarts when its files change, come or go, also in folders that are made later', async () => {
    await follow([server('one', {}), server('two')], 1);
    await writeFile(join(app, 'src/main.js'), '2');
    expect(await expectRestarts('one')).toEqual(['src/main.js']);
    await mkdir(join(app, 'lib/deep'), { recursive: true });
    await writeFile(join(app, 'lib/deep/new.js'), '1');
    expect(await expectRestarts('one')).toEqual(['lib/deep/new.js']);
    await writeFile(join(app, 'lib/deep/new.js'), '2');
    expect(await expectRestarts('one')).toEqual(['lib/deep/new.js']);
    await rm(join(app, 'lib'), { recursive: true });
    expect(await expectRestarts('one')).toEqual(['lib/deep/new.js']);
    await writeFile(join(app, 'src/.main.js.new'), '3');
    await rename(join(app, 'src/.main.js.new'), join(app, 'src/main.js'));
    expect(await expectRestarts('one')).toEqual(['src/main.js']);
  });

  it('restarts once for many changes, and the events say which', async () => {
    await follow([server('one', {}), server('two'), server('three')], 1);
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => writeFile(join(app, `${name}.js`), '1')));
    await delay(200);
    await writeFile(join(app, 'src/main.js'), '2');
    await eventually(() => expect(events().map(({ type }) => type)).toEqual(['servers_updating', 'servers_updated']));
    const files = ['a.js', 'b.js', 'c.js', 'd.js', 'src/main.js'];
    const [before, after] = events();
    const changes = {
      added: [],
      removed: [],
      modified: ['one'],
      unchanged: ['two', 'three'],
      reason: 'dev_file_change',
      files: expect.arrayContaining(files),
    };
    const newCapabilities = { tools: [{ name: 'one-tool' }] };
    const { reason, files: beside } = changes;
    expect(before).toEqual({ type: 'servers_updating', changes, reason, files: beside });
    expect(after).toEqual({ type: 'servers_updated', changes: { ...changes, newCapabilities }, reason, files: beside, newCapabilities });
    expect(await expectRestarts('one')).toHaveLength(files.length);
    expect(said('Server "one" restarts:')).toHaveLength(1);
  });

  it('restarts once more for what changes while it restarts', async () => {
    const first = deferred<void>();
    restarted = first.promise;
    await follow([server('one', {})], 1);
    await writeFile(join(app, 'src/main.js'), '2');
    await eventually(() => expect(restarts).toEqual(['one']));
    await writeFile(join(app, 'src/other.js'), '1');
    await delay(BURST_OVER_MS);
    expect(restarts).toEqual(['one']);
    first.resolve();
    expect(await expectRestarts('one', 'one')).toEqual(['src/other.js']);
  });

  it('does not restart for files that no pattern means', async () => {
    await follow([server('one', { watch: ['src/**/*.js', '!**/*.test.js'] })], 1);
    await mkdir(join(app, 'src/node_modules/m'), { recursive: true });
    await mkdir(join(app, 'src/.cache'));
    for (const path of ['a.js', 'src/a.ts', 'src/a.test.js', 'src/node_modules/m/a.js', 'src/.cache/a.js', 'src/a.js~']) {
      await writeFile(join(app, path), '1');
    }
    await delay(BURST_OVER_MS);
    expect(restarts).toEqual([]);
  });

  it('is told of, not harmed, when its restart fails', async () => {
    restarted = Promise.reject(new Error('no such program'));
    restarted.catch(() => {});
    await follow([server('one', {})], 1);
    await writeFile(join(app, 'src/main.js'), '2');
    await eventually(() => expect(events().at(-1)?.type).toBe('servers_updated'));
    expect(said('could not be restarted')[0]?.message).toContain('no such program');
    restarted = Promise.resolve();
    restarts.length = 0;
    await writeFile(join(app, 'src/main.js'), '3');
    await expectRestarts('one');
  });

  it('is told to be over also when it is not watched any more', async () => {
    const over = deferred<void>();
    restarted = over.promise;
    await follow([server('one', {})], 1);
    await writeFile(join(app, 'src/main.js'), '2');
    await eventually(() => expect(events().map(({ type }) => type)).toEqual(['servers_updating']));
    dev.follow([server('one')]);
    over.resolve();
    await eventually(() => expect(events().map(({ type }) => type)).toEqual(['servers_updating', 'servers_updated']));
  });

  it('stays stopped when it is not wanted', async () => {
    unwanted.add('one');
    await follow([server('one', {})], 1);
    await writeFile(join(app, 'src/main.js'), '2');
    await delay(BURST_OVER_MS);
    expect(restarts).toEqual([]);
    expect(news).toEqual([]);
  });

  it('is warned of when it seems to change its own files', async () => {
    await follow([server('one', { watch: ['**/*.json'] })], 1);
    for (let count = 1; count <= 10; count += 1) {
      await writeFile(join(app, 'state.json'), String(count));
      await eventually(() => expect(restarts).toHaveLength(count));
    }
    expect(said('10 times within a minute')[0]?.message).toContain('"!state.json"');
  });
});

describe('what is watched', () => {
  it('is nothing for servers without dev mode, with enabled false, or disabled', async () => {
    dev.follow([server('one'), server('two', { enabled: false }), server('three', {}, { disabled: true })]);
    await delay(200);
    await writeFile(join(app, 'src/main.js'), '2');
    await delay(BURST_OVER_MS);
    expect([records, restarts]).toEqual([[], []]);
  });

  it('follows the config: what has not changed goes on, what has begins anew', async () => {
    await follow([server('one', {}), server('two', {})], 2);
    dev.follow([server('one', {}, { args: ['--other'] }), server('two', { watch: ['*.py'] })]);
    await eventually(() => expect(said('is in dev mode')).toHaveLength(3));
    await writeFile(join(app, 'src/main.js'), '2');
    await expectRestarts('one');
    await writeFile(join(app, 'main.py'), '2');
    await expectRestarts('two');
    dev.follow([server('one', { enabled: false })]);
    await delay(100);
    await writeFile(join(app, 'src/main.js'), '3');
    await writeFile(join(app, 'main.py'), '3');
    await delay(BURST_OVER_MS);
    expect(restarts).toEqual([]);
  });

  it.each(['${workspaceFolder}/app', '${HOME}/${APP}', 'app', '${cmd: echo app}'])('may be named as %s', async (cwd) => {
    await follow([server('one', { cwd })], 1);
    await writeFile(join(app, 'src/main.js'), '2');
    expect(await expectRestarts('one')).toEqual(['src/main.js']);
  });

  it('is nothing when a placeholder cannot be resolved, which is said', async () => {
    dev.follow([server('one', { cwd: '${NOT_THERE}/app' })]);
    await eventually(() => expect(said('is not in dev mode')[0]?.message).toMatch(/\$\{NOT_THERE\} in dev\.cwd cannot be resolved/));
  });

  it('may come later: that is said once, and the server restarts when the folder is there', async () => {
    await rename(app, `${app}-away`);
    dev.follow([server('one', {})]);
    await eventually(() => expect(said('is not a folder')).toHaveLength(1));
    await delay(2_500);
    await rename(`${app}-away`, app);
    expect(await expectRestarts('one')).toEqual(['src/main.js']);
    expect(said('is not a folder')).toHaveLength(1);
  });

  it('may go and be made anew', async () => {
    await follow([server('one', {})], 1);
    await rm(app, { recursive: true });
    await expectRestarts('one');
    await mkdir(app);
    await writeFile(join(app, 'again.js'), '1');
    expect(await expectRestarts('one')).toEqual(['again.js']);
    await writeFile(join(app, 'again.js'), '2');
    expect(await expectRestarts('one')).toEqual(['again.js']);
  });

  it('is also what lies behind a link, but never the same files twice', async () => {
    const lib = join(folder, 'lib');
    await mkdir(lib);
    await writeFile(join(lib, 'shared.js'), '1');
    await symlink(lib, join(app, 'linked'), 'dir');
    await symlink(app, join(app, 'src/round'), 'dir');
    await symlink('.', join(app, 'self'), 'dir');
    await follow([server('one', {})], 1);
    await writeFile(join(lib, 'shared.js'), '2');
    expect(await expectRestarts('one')).toEqual(['linked/shared.js']);
    await writeFile(join(app, 'src/main.js'), '2');
    expect(await expectRestarts('one')).toEqual(['src/main.js']);
  });

  it('is also what lies beside the folder when a pattern leads there', async () => {
    await mkdir(join(folder, 'shared'));
    await follow([server('one', { watch: ['**/*.js', '../shared/*.js'] })], 1);
    await writeFile(join(folder, 'shared/a.js'), '1');
    expect(await expectRestarts('one')).toEqual(['../shared/a.js']);
  });

  it('is nothing any more after the end, also when that comes at once', async () => {
    dev.follow([server('one', {})]);
    await dev.close();
    dev.follow([server('two', {})]);
    await writeFile(join(app, 'src/main.js'), '2');
    await delay(BURST_OVER_MS);
    expect(restarts).toEqual([]);
  });
});

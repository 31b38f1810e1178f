import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { lock, tryLock } from '../../src/base/file-lock.ts';
import { type Workspace, WorkspaceFile } from '../../src/hub/workspaces.ts';
import { bundleSource } from '../support/bundle-source.ts';

const bundle = bundleSource('test/fixtures/workspaces/writer.ts');
afterAll(() => bundle.remove());

let dir: string;
let file: WorkspaceFile;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-hub-workspaces-'));
  file = new WorkspaceFile({ stateDir: dir, clock: systemClock });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await rm(dir, { recursive: true, force: true });
});

function writer(mode: string, number = 0): ChildProcess {
  const child = spawn(process.execPath, [bundle.file, dir, mode, String(number)], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const said = async (child: ChildProcess): Promise<void> => void (child.stdout && (await once(child.stdout, 'data')));
const ended = async (child: ChildProcess): Promise<unknown> => (await once(child, 'close'))[0];

/** The id of a process that is no more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'close');
  return child.pid ?? 0;
}

const entry = (port: number, pid = process.pid): Workspace => ({
  pid,
  port,
  cwd: '/somewhere',
  config_files: ['~/a.json', './b.json'],
  startTime: '2026-01-01T00:00:00.000Z',
  state: 'active',
  activeConnections: 0,
  shutdownStartedAt: null,
  shutdownDelay: null,
});

const stored = async (): Promise<Record<string, Workspace>> => JSON.parse(await readFile(file.path, 'utf8'));

describe('the list of running hubs', () => {
  it('is empty where there is none', async () => {
    expect(await file.read()).toEqual({});
    expect(await readdir(dir)).toEqual([]);
  });

  it('holds entries by port, as they were given', async () => {
    await file.set(entry(40_001));
    await file.set(entry(40_002));
    await file.update({ ...entry(40_002), state: 'shutting_down', shutdownDelay: 5 });
    expect(await stored()).toEqual({ 40001: entry(40_001), 40002: { ...entry(40_002), state: 'shutting_down', shutdownDelay: 5 } });
    await file.remove(40_001, process.pid);
    expect(Object.keys(await file.read())).toEqual(['40002']);
    expect((await readdir(dir)).sort()).toEqual(['locks', 'workspaces.json']);
  });

  it("leaves another process's entry alone", async () => {
    await file.set(entry(40_001));
    await file.update({ ...entry(40_001, 1), activeConnections: 9 });
    await file.remove(40_001, 1);
    expect(await stored()).toEqual({ 40001: entry(40_001) });
  });

  it('forgets hubs that are gone, and what is no entry', async () => {
    const gone = await deadPid();
    await writeFile(
      file.path,
      JSON.stringify({ 1: entry(1, gone), 2: entry(2), 3: 'x', 4: { pid: process.pid }, 5: { ...entry(5), extra: 1 } }),
    );
    expect(Object.keys(await file.read())).toEqual(['2', '5']);
    await file.set(entry(6));
    expect(await stored()).toEqual({ 2: entry(2), 5: { ...entry(5), extra: 1 }, 6: entry(6) });
  });

  it.each(['', '{"40001": {', '[]', 'null'])('that is broken (%j) is set aside', async (text) => {
    await writeFile(file.path, text);
    expect(await file.read()).toEqual({});
    await file.set(entry(40_001));
    expect(await stored()).toEqual({ 40001: entry(40_001) });
    expect(await readFile(join(dir, 'workspaces.broken.json'), 'utf8')).toBe(text);
  });

  it('is right after many processes have written at once, and one was killed while it did', async () => {
    const victim = writer('die-holding');
    await ended(victim);
    const hubs = Array.from({ length: 12 }, (_, number) => writer('enter', number + 1));
    await Promise.all(hubs.map(said));
    const entries = await stored();
    expect(Object.values(entries).map(({ pid }) => pid)).toEqual(hubs.map(({ pid }) => pid));
    expect(Object.values(entries).map(({ activeConnections }) => activeConnections)).toEqual(hubs.map((_, at) => at + 1));
    for (const hub of hubs.slice(0, 3)) hub.kill('SIGKILL');
    for (const hub of hubs.slice(3)) hub.stdin?.end();
    await Promise.all(hubs.map(ended));
    expect(await file.read()).toEqual({});
    await file.set(entry(1));
    expect(await stored()).toEqual({ 1: entry(1) });
  }, 20_000);
});

describe('the lock', () => {
  const options = (staleAfterMs = 60_000) => ({ dir: join(dir, 'lock'), clock: systemClock, staleAfterMs });

  it('is held by one at a time', async () => {
    const held = await tryLock(options());
    expect(await held?.isHeld()).toBe(true);
    expect(await tryLock(options())).toBeUndefined();
    await expect(lock(options(), 50)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await held?.release();
    expect(await held?.isHeld()).toBe(false);
    await (await lock(options(), 1_000)).release();
    expect(await readdir(join(dir, 'lock'))).toEqual([]);
  });

  it('keeps processes apart that try at once', async () => {
    const workers = Array.from({ length: 6 }, () => writer('count'));
    expect(await Promise.all(workers.map(ended))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await readFile(join(dir, 'count'), 'utf8')).toBe('60');
  }, 20_000);

  it('is taken from the dead', async () => {
    await mkdir(join(dir, 'lock'));
    await writeFile(join(dir, 'lock', `${await deadPid()}.x`), '');
    await writeFile(join(dir, 'lock', 'nonsense'), '');
    expect(await tryLock(options())).toBeDefined();
    expect(await readdir(join(dir, 'lock'))).toHaveLength(1);
  });

  it('is taken from who has had it for far too long, and that one can tell', async () => {
    const old = await tryLock(options());
    const [name = ''] = await readdir(join(dir, 'lock'));
    const anHourAgo = Date.now() / 1000 - 3_600;
    await utimes(join(dir, 'lock', name), anHourAgo, anHourAgo);
    expect(await tryLock(options())).toBeDefined();
    expect(await old?.isHeld()).toBe(false);
  });
});

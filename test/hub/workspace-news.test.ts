import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { WorkspaceNews } from '../../src/hub/workspace-news.ts';
import { type Workspace, WorkspaceFile } from '../../src/hub/workspaces.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';

let dir: string;
let file: WorkspaceFile;
let told: object[];
let news: WorkspaceNews | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-hub-workspace-news-'));
  file = new WorkspaceFile({ stateDir: join(dir, 'state'), clock: systemClock });
  told = [];
});
afterEach(async () => {
  news?.dispose();
  await rm(dir, { recursive: true, force: true });
});

const entry = (port: number, activeConnections = 0): Workspace => ({
  pid: process.pid,
  port,
  cwd: '/somewhere',
  config_files: ['a.json'],
  startTime: '2026-01-01T00:00:00.000Z',
  state: 'active',
  activeConnections,
  shutdownStartedAt: null,
  shutdownDelay: null,
});

function start(clock = systemClock): void {
  news = new WorkspaceNews({ file, clock, publish: ({ data }) => told.push(data) });
  news.start();
}

const updated = (...entries: Workspace[]): object => ({
  type: 'workspaces_updated',
  workspaces: Object.fromEntries(entries.map((each) => [each.port, each])),
});

it('tells of every change, whoever makes it, and once of many in a row', async () => {
  await file.set(entry(1));
  start();
  await delay(200);
  expect(told).toEqual([]);
  await file.set(entry(2));
  await eventually(() => expect(told).toEqual([updated(entry(1), entry(2))]));
  for (let count = 1; count <= 20; count += 1) await file.update(entry(2, count));
  await eventually(() => expect(told.at(-1)).toEqual(updated(entry(1), entry(2, 20))));
  expect(told.length).toBeLessThan(15);
  await file.remove(1, process.pid);
  await eventually(() => expect(told.at(-1)).toEqual(updated(entry(2, 20))));
  const count = told.length;
  await writeFile(file.path, JSON.stringify({ 2: entry(2, 20) }));
  await delay(300);
  expect(told).toHaveLength(count);
});

it('finds what changed unseen, and a folder that is made later', async () => {
  await writeFile(join(dir, 'state'), 'in the way');
  const clock = new FakeClock();
  start(clock);
  await eventually(() => expect(clock.pending).toBe(1));
  await rm(join(dir, 'state'));
  await clock.advance(10_000);
  await eventually(() => expect(clock.pending).toBe(1));
  await file.set(entry(3));
  expect(told).toEqual([]);
  await eventually(async () => {
    await clock.advance(100);
    expect(told).toEqual([updated(entry(3))]);
  });
  expect(clock.now()).toBeLessThan(1_000_000 + 25_000);
});

it('leaves nothing behind when it is disposed of in the middle of a look', async () => {
  const clock = new FakeClock();
  await file.set(entry(4));
  start(clock);
  news?.dispose();
  await file.set(entry(5));
  await delay(100);
  expect([told, clock.pending]).toEqual([[], 0]);
});

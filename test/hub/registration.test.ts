import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { Registration } from '../../src/hub/registration.ts';
import { WorkspaceFile } from '../../src/hub/workspaces.ts';

let dir: string;
let file: WorkspaceFile;
let registration: Registration;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-hub-registration-'));
  file = new WorkspaceFile({ stateDir: dir, clock: systemClock });
  const options = { file, clock: systemClock, logger: silentLogger, cwd: '/work', configFiles: ['a.json'], shutdownDelayMs: 5 };
  registration = new Registration(options);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const clients = async (): Promise<number | undefined> => (await file.read())[40_001]?.activeConnections;

it.each([
  ['removed', () => rm(file.path)],
  ['broken', () => writeFile(file.path, '{')],
])('puts the entry back with the next news when its file was %s', async (_title, lose) => {
  await registration.enter(40_001);
  expect((await file.read())[40_001]).toMatchObject({ pid: process.pid, cwd: '/work', config_files: ['a.json'], state: 'active' });
  await lose();
  registration.tell({ clients: 1, emptySinceMs: undefined });
  registration.tell({ clients: 2, emptySinceMs: undefined });
  await expect.poll(clients).toBe(2);
  expect((await file.read())[40_001]).toMatchObject({ cwd: '/work', config_files: ['a.json'] });
  await registration.leave();
  registration.tell({ clients: 3, emptySinceMs: undefined });
  expect(await file.read()).toEqual({});
});

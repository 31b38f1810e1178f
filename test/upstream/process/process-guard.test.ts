import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { ProcessGuard } from '../../../src/upstream/process/process-guard.ts';
import { fixtureServer } from '../../support/fixtures.ts';
import { eventually, isRunning, stubbornPids } from '../../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-hub-guard-'));
afterAll(() => rmSync(folder, { recursive: true }));

function newGuard(): ProcessGuard {
  return new ProcessGuard({ logger: silentLogger, clock: systemClock });
}

function sleeper(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { detached: true, stdio: 'ignore' });
  child.unref();
  if (child.pid === undefined) throw new Error('no sleeper');
  return child.pid;
}

/** Starts test/fixtures/orphans/hub.ts as a process of its own and kills it as `kill -9` does. */
async function killedHub(server: string, file: string): Promise<{ pids: readonly number[]; guard: number }> {
  const script = join(folder, 'hub.cjs');
  const entry = fileURLToPath(new URL('../../fixtures/orphans/hub.ts', import.meta.url));
  buildSync({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' });
  const hub = spawn(process.execPath, [script, server, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => void hub.once('close', resolve));
  const guard = await new Promise<number>((resolve) => void hub.stdout.once('data', (text) => resolve(Number(text))));
  const pids = await stubbornPids(file);
  expect([guard, ...pids].map(isRunning)).toEqual([true, true, true]);
  hub.kill('SIGKILL');
  await exited;
  return { pids, guard };
}

describe.skipIf(process.platform === 'win32')('ProcessGuard', () => {
  it('leaves nothing of a hub that was killed: not a deaf server, not its grandchild, not itself', async () => {
    const { pids, guard } = await killedHub(fixtureServer('stubborn'), join(folder, 'pids.json'));
    const startMs = Date.now();
    await eventually('all are gone', () => ![guard, ...pids].some(isRunning), 3_000);
    expect(Date.now() - startMs).toBeLessThan(3_000);
  });

  it('starts with the first group and ends with close', async () => {
    const guard = newGuard();
    expect(guard.pid).toBeUndefined();
    const group = sleeper();
    guard.add(group);
    const pid = guard.pid ?? 0;
    expect(isRunning(pid)).toBe(true);
    process.kill(-group, 'SIGKILL');
    guard.remove(group);
    await guard.close();
    await guard.close();
    expect(isRunning(pid)).toBe(false);
  });

  it('ends the groups that are noted, and not those that were removed', async () => {
    const guard = newGuard();
    const groups = [sleeper(), sleeper(), sleeper()] as const;
    for (const group of groups) guard.add(group);
    guard.remove(groups[1]);
    await guard.close();
    await eventually('the noted groups are gone', () => !isRunning(groups[0]) && !isRunning(groups[2]));
    expect(isRunning(groups[1])).toBe(true);
    process.kill(-groups[1], 'SIGKILL');
    await eventually('the other one is collected', () => !isRunning(groups[1]));
  });

  it.skipIf(process.platform !== 'linux')('does not hear the signals that end a process', async () => {
    const guard = newGuard();
    const group = sleeper();
    guard.add(group);
    const pid = guard.pid ?? 0;
    await eventually('it has set its traps', () => /^SigIgn:\s+0*4007$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.kill(pid, signal);
    process.kill(-group, 'SIGKILL');
    guard.remove(group);
    expect(isRunning(pid)).toBe(true);
    await guard.close();
  });

  it('is started again for the next group, with the ones before, when somebody killed it', async () => {
    const guard = newGuard();
    const groups = [sleeper(), sleeper()] as const;
    guard.add(groups[0]);
    const first = guard.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await eventually('its end was noticed', () => guard.pid === undefined);
    guard.add(groups[1]);
    expect(guard.pid).not.toBe(first);
    await guard.close();
    await eventually('both groups are gone', () => !groups.some(isRunning));
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { isAlive } from '../../src/base/is-alive.ts';
import { eventually } from '../support/eventually.ts';

it('sees processes that run, and none where there is none', () => {
  expect(isAlive(process.pid)).toBe(true);
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 30]) expect(isAlive(pid)).toBe(false);
});

it.skipIf(process.platform !== 'linux')('takes one that has ended and that nobody collects for gone', async () => {
  // What the shell becomes does not know of the child that it has.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    const ended = once(parent, 'exit');
    parent.kill('SIGKILL');
    await ended;
  });
  const [text]: unknown[] = await once(parent.stdout, 'data');
  const pid = Number(String(text));
  expect(pid).toBeGreaterThan(1);
  await eventually(() => expect(isAlive(pid)).toBe(false));
  expect(() => process.kill(pid, 0)).not.toThrow();
});

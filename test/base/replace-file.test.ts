import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { replaceFile } from '../../src/base/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A move that fails so often before it succeeds. */
function failing(code: string, times: number) {
  let tries = 0;
  const move = async (): Promise<void> => {
    tries += 1;
    if (tries <= times) throw Object.assign(new Error('no'), { code });
  };
  return { move, tries: () => tries };
}

it('puts one file in the place of another', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'replace-file-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const [from, to] = [join(dir, 'new'), join(dir, 'old')];
  await writeFile(from, 'new');
  await writeFile(to, 'old');
  await replaceFile(from, to);
  expect([await readFile(to, 'utf8'), await readdir(dir)]).toEqual(['new', ['old']]);
  await expect(replaceFile(from, to)).rejects.toMatchObject({ code: 'ENOENT' });
});

it.each(['EPERM', 'EACCES', 'EBUSY'])('tries again on Windows while the file is in use (%s)', async (code) => {
  const clock = new FakeClock(0);
  const { move, tries } = failing(code, 3);
  const done = replaceFile('a', 'b', { platform: 'win32', move, clock });
  await clock.advance(1_000);
  await done;
  expect([tries(), clock.pending]).toEqual([4, 0]);
});

it('gives up on Windows after a second', async () => {
  const clock = new FakeClock(0);
  const { move, tries } = failing('EPERM', Infinity);
  const failed = expect(replaceFile('a', 'b', { platform: 'win32', move, clock })).rejects.toMatchObject({ code: 'EPERM' });
  await clock.advance(1_001);
  await failed;
  expect([tries() > 5, clock.pending]).toEqual([true, 0]);
});

it.each([
  ['linux', 'EPERM'],
  ['darwin', 'EBUSY'],
  ['win32', 'ENOENT'],
] as const)('fails at once on %s with %s', async (platform, code) => {
  const { move, tries } = failing(code, 1);
  await expect(replaceFile('a', 'b', { platform, move })).rejects.toMatchObject({ code });
  expect(tries()).toBe(1);
});

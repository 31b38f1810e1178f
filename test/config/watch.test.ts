import { mkdir, mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { ConfigWatch } from '../../src/config/watch.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
let watch: ConfigWatch | undefined;
let changes = 0;
const problems: string[] = [];

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mcp-hub-watch-')));
  changes = 0;
  problems.length = 0;
});
afterEach(async () => {
  watch?.dispose();
  await rm(folder, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

const isWhole = (text: string): boolean => text.startsWith('{') && text.endsWith('}');

/** Watches, and has taken its first look. */
async function start(...names: string[]): Promise<void> {
  watch = new ConfigWatch({
    paths: names.map((name) => join(folder, name)),
    clock: systemClock,
    isWhole,
    onChange: () => (changes += 1),
    onProblem: (text) => problems.push(text),
  });
  watch.start();
  await eventually(() => expect(changes).toBe(1));
  // What was written right before may still be on its way as a sign.
  await delay(200);
  changes = 0;
}

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

/** Does it, waits until it was told, and says how often. */
async function seen(what: () => Promise<unknown>): Promise<number> {
  changes = 0;
  const begun = Date.now();
  await what();
  await eventually(() => expect(changes).toBeGreaterThan(0));
  // Far below the two seconds after which it would be looked at anyway.
  expect(Date.now() - begun).toBeLessThan(1_600);
  await delay(250);
  return changes;
}

describe('a save is seen', () => {
  it('in place, again and again', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    expect(await seen(() => write('c.json', '{2}'))).toBe(1);
    expect(await seen(() => write('c.json', '{3}'))).toBe(1);
  });

  it('by rename over the file', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    for (const text of ['{2}', '{3}']) {
      expect(
        await seen(async () => {
          await write('c.json.tmp', text);
          await rename(join(folder, 'c.json.tmp'), join(folder, 'c.json'));
        }),
      ).toBe(1);
    }
  });

  it('as vim does it with a backup: the file moves away, and a new one is written', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    for (const text of ['{2}', '{3}']) {
      expect(
        await seen(async () => {
          await rename(join(folder, 'c.json'), join(folder, 'c.json~'));
          await delay(150);
          await write('c.json', text);
        }),
      ).toBe(1);
    }
  });

  it('through a link to the file: its target is written, replaced, and the link itself is', async () => {
    await write('real/one.json', '{1}');
    await write('real/two.json', '{2}');
    await symlink(join(folder, 'real/one.json'), join(folder, 'c.json'));
    await start('c.json');
    expect(await seen(() => write('real/one.json', '{1b}'))).toBe(1);
    expect(
      await seen(async () => {
        await write('real/new', '{1c}');
        await rename(join(folder, 'real/new'), join(folder, 'real/one.json'));
      }),
    ).toBe(1);
    expect(
      await seen(async () => {
        await symlink('real/two.json', join(folder, 'link'));
        await rename(join(folder, 'link'), join(folder, 'c.json'));
      }),
    ).toBe(1);
    expect(await seen(() => write('real/two.json', '{2b}'))).toBe(1);
  });

  it('as Kubernetes does it: the link ..data moves to another folder', async () => {
    await write('..v1/c.json', '{1}');
    await symlink('..v1', join(folder, '..data'));
    await symlink('..data/c.json', join(folder, 'c.json'));
    await start('c.json');
    for (const version of ['..v2', '..v3']) {
      expect(
        await seen(async () => {
          await write(`${version}/c.json`, `{${version}}`);
          await symlink(version, join(folder, '..data_tmp'));
          await rename(join(folder, '..data_tmp'), join(folder, '..data'));
        }),
      ).toBe(1);
    }
  });

  it('for the first time: a file, and a folder, that did not exist', async () => {
    await start('c.json', 'a/b/d.json');
    expect(await seen(() => write('c.json', '{1}'))).toBe(1);
    expect(await seen(() => write('a/b/d.json', '{1}'))).toBe(1);
    expect(await seen(() => write('a/b/d.json', '{2}'))).toBe(1);
  });

  it('in a folder that was replaced as a whole', async () => {
    await write('a/c.json', '{1}');
    await write('new/c.json', '{2}');
    await start('a/c.json');
    expect(
      await seen(async () => {
        await rename(join(folder, 'a'), join(folder, 'old'));
        await rename(join(folder, 'new'), join(folder, 'a'));
      }),
    ).toBe(1);
    expect(await seen(() => write('a/c.json', '{3}'))).toBe(1);
  });

  it('when the file goes, after a while', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    expect(await seen(() => rm(join(folder, 'c.json')))).toBe(1);
  });
});

describe('nothing is told', () => {
  it('of a file that was only touched, written with the same text, or lies beside it', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    await utimes(join(folder, 'c.json'), new Date(), new Date(0));
    await write('c.json', '{1}');
    await write('other.json', '{1}');
    await delay(600);
    expect(changes).toBe(0);
  });

  it('of half a save', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    expect(
      await seen(async () => {
        await write('c.json', '');
        await delay(150);
        await write('c.json', '{2');
        await delay(150);
        expect(changes).toBe(0);
        await write('c.json', '{2}');
      }),
    ).toBe(1);
  });

  it('after it was disposed of', async () => {
    await write('c.json', '{1}');
    await start('c.json');
    await write('c.json', '{2}');
    watch?.dispose();
    await delay(300);
    expect(changes).toBe(0);
  });
});

it('tells of a file that stays broken, once', async () => {
  await write('c.json', '{1}');
  await start('c.json');
  expect(await seen(() => write('c.json', '{'))).toBe(1);
  expect(await seen(() => write('c.json', '{1}'))).toBe(1);
});

it('sees every one of many saves, or the last of those that come at once', async () => {
  await write('c.json', '{0}');
  await start('c.json');
  for (let at = 1; at <= 50; at += 1) {
    await write('c.json', `{${at}}`);
    await delay(5);
  }
  await eventually(() => expect(changes).toBeGreaterThan(0));
  await delay(300);
  expect(changes).toBeLessThan(50);
});

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCompiled } from '../../src/cli/compiled-code.ts';
import { eventually } from '../support/eventually.ts';

const SCRIPT = `(function (require, module, exports, __import) {
  const { sep } = require('node:path');
  exports.sep = sep;
  exports.double = (value) => value * 2;
  exports.from = require('./other.js').name;
  exports.later = () => __import('./later.js');
  exports.file = module.file;
})`;

let home = '';
const file = (): string => join(home, 'script.cjs');
const folder = (): string => join(home, 'cache', 'code');
const kept = (build = 'b1'): string => join(folder(), `${build}-${process.version}-${process.arch}.bin`);

function run(build = 'b1'): Readonly<Record<string, unknown>> {
  const load = (id: string): Promise<unknown> => Promise.resolve(`loaded ${id}`);
  return runCompiled({ file: file(), build, modules: { './other.js': { name: 'other' } }, load, folder: folder(), keptAfterMs: 1 });
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mcp-hub-code-'));
  // V8 itself remembers, within a process, what it has compiled: each test has a text of its own.
  await writeFile(file(), `${SCRIPT} // ${home}`);
});

afterEach(() => rm(home, { recursive: true, force: true }));

describe('a script of which the compiled code is kept', () => {
  it("finds Node's modules, the modules it is given and itself, and imports on first use", async () => {
    const { double, from, later, file: own } = run();
    expect(from).toBe('other');
    expect(own).toBe(file());
    expect(typeof double === 'function' && double(21)).toBe(42);
    expect(typeof later === 'function' && (await later())).toBe('loaded ./later.js');
    await eventually(() => stat(kept()));
  });

  it.skipIf(process.platform === 'win32')("leaves a file that is nobody else's to read or write", async () => {
    run();
    await eventually(() => stat(kept()));
    expect((await stat(kept())).mode & 0o777).toBe(0o600);
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
  });

  it('is not written again when the next run could use it', async () => {
    run();
    const { ino } = await eventually(() => stat(kept()));
    expect(run()['from']).toBe('other');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await stat(kept())).ino).toBe(ino);
  });

  it.each(['', 'not made by V8'])('runs when the file says "%s", which is replaced', async (text) => {
    await mkdir(folder(), { recursive: true });
    await writeFile(kept(), text);
    expect(run()['from']).toBe('other');
    await eventually(async () => expect((await stat(kept())).size).toBeGreaterThan(200));
  });

  it('makes those of other builds go', async () => {
    run('b1');
    await eventually(() => stat(kept('b1')));
    run('b2');
    await eventually(async () => expect(await readdir(folder())).toEqual([`b2-${process.version}-${process.arch}.bin`]));
  });

  it('runs where nothing can be written', async () => {
    await writeFile(join(home, 'cache'), 'a file, not a folder');
    expect(run()['from']).toBe('other');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await readFile(join(home, 'cache'), 'utf8')).toBe('a file, not a folder');
  });
});

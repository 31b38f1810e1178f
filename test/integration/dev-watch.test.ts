import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watch } from 'chokidar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { chooseFiles } from '../../src/hub/dev-files.ts';
import { DevWatch, type WatchFiles } from '../../src/hub/dev-watch.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
let watched: DevWatch | undefined;
let problems: string[];
let files: string[];
let ready: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-watch-'));
  await writeFile(join(folder, 'a.js'), '1');
  [problems, files, ready] = [[], [], 0];
});

afterEach(async () => {
  await watched?.close();
  await rm(folder, { recursive: true, force: true });
});

function start(watchFiles: WatchFiles): void {
  watched = new DevWatch({
    folder,
    choice: chooseFiles(folder, ['**/*.js'], []),
    clock: systemClock,
    onFile: (path) => files.push(path),
    onReady: () => (ready += 1),
    onProblem: (text) => problems.push(text),
    watch: watchFiles,
  });
  watched.start();
}

/** What the system says when a limit is reached. */
const limit = (code: string): Error => Object.assign(new Error(`${code}: limit reached, watch`), { code });

describe('a system that cannot watch so many files', () => {
  it.each([
    ['ENOSPC', 'fs.inotify.max_user_watches'],
    ['EMFILE', 'ulimit -n'],
  ])('(%s) is told of once, with the remedy, and the files are looked at instead', async (code, remedy) => {
    const polls: (boolean | undefined)[] = [];
    start((paths, options) => {
      polls.push(options.usePolling);
      const watcher = watch(paths, options);
      if (!options.usePolling) {
        setImmediate(() => {
          for (let count = 0; count < 3; count += 1) watcher.emit('error', limit(code));
        });
      }
      return watcher;
    });
    await eventually(() => expect(polls).toEqual([undefined, true]));
    await eventually(() => expect(ready).toBe(1));
    expect(problems).toEqual([expect.stringContaining(remedy)]);
    await writeFile(join(folder, 'a.js'), 'changed');
    await eventually(() => expect(files).toContain('a.js'));
  });
});

describe('a folder that cannot be watched at all', () => {
  it('is told of once, and then let go', async () => {
    start((paths, options) => {
      const watcher = watch(paths, options);
      setImmediate(() => watcher.emit('error', new Error('EIO: i/o error')));
      return watcher;
    });
    await eventually(() => expect(problems).toEqual([expect.stringContaining('EIO: i/o error')]));
    await writeFile(join(folder, 'a.js'), 'changed');
    await watched?.close();
    expect(files).toEqual([]);
  });
});

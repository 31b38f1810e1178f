import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../../src/config/write-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'write-file-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('writing a file as a whole', () => {
  it('makes the file and its folders, for nobody else to read', async () => {
    const path = join(dir, 'x', 'y', 'new.json');
    await writeFileAtomically(path, 'text');
    expect([await readFile(path, 'utf8'), await modeOf(path)]).toEqual(['text', 0o600]);
  });

  it('keeps the mode, and leaves nothing beside the file', async () => {
    const path = join(dir, 'old.json');
    await writeFile(path, 'old');
    await chmod(path, 0o664);
    await writeFileAtomically(path, 'new');
    expect([await readFile(path, 'utf8'), await modeOf(path), await readdir(dir)]).toEqual(['new', 0o664, ['old.json']]);
  });

  it('takes a file that is to be private from the others who could read it', async () => {
    const path = join(dir, 'keys.json');
    await writeFile(path, 'old');
    await chmod(path, 0o644);
    await writeFileAtomically(path, 'new', { isPrivate: true });
    expect([await readFile(path, 'utf8'), await modeOf(path)]).toEqual(['new', 0o600]);
  });

  // Only root can make files of others.
  it.skipIf(process.getuid?.() !== 0)('writes a file of somebody else where it may, and leaves it theirs', async () => {
    const path = join(dir, 'theirs.json');
    await writeFile(path, 'old');
    await chmod(path, 0o666);
    await chmod(dir, 0o755);
    process.seteuid?.(65_534);
    try {
      await writeFileAtomically(path, 'new');
    } finally {
      process.seteuid?.(0);
    }
    expect([await readFile(path, 'utf8'), await modeOf(path), (await stat(path)).uid]).toEqual(['new', 0o666, 0]);
  });

  it('writes what a link points to, also one that points to nothing yet', async () => {
    await mkdir(join(dir, 'dotfiles'));
    await writeFile(join(dir, 'dotfiles', 'a.json'), 'old');
    await symlink(join('dotfiles', 'a.json'), join(dir, 'link.json'));
    await symlink(join('dotfiles', 'b.json'), join(dir, 'dangling.json'));
    await writeFileAtomically(join(dir, 'link.json'), 'new');
    await writeFileAtomically(join(dir, 'dangling.json'), 'first');
    expect((await lstat(join(dir, 'link.json'))).isSymbolicLink()).toBe(true);
    expect((await lstat(join(dir, 'dangling.json'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(dir, 'dotfiles', 'a.json'), 'utf8')).toBe('new');
    expect(await readFile(join(dir, 'dotfiles', 'b.json'), 'utf8')).toBe('first');
  });

  it('is seen whole by those who read meanwhile', async () => {
    const path = join(dir, 'shared.json');
    const texts = ['a'.repeat(300_000), 'b'.repeat(300_000)];
    await writeFile(path, texts[0] ?? '');
    const over = new AbortController();
    const seen = new Set<string>();
    const reading = (async () => {
      while (!over.signal.aborted) seen.add(await readFile(path, 'utf8'));
    })();
    for (let turn = 0; turn < 40; turn += 1) await writeFileAtomically(path, texts[turn % 2] ?? '');
    over.abort();
    await reading;
    expect([...seen].filter((text) => !texts.includes(text))).toEqual([]);
  });
});

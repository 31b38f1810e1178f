import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/** docs/architecture.md, "Rooms": what a room may import as values, and what as types only. */
const ROOMS: Readonly<Record<string, { readonly values: readonly string[]; readonly types: readonly string[] }>> = {
  base: { values: [], types: [] },
  protocol: { values: ['base'], types: [] },
  config: { values: ['base'], types: [] },
  catalog: { values: ['base', 'protocol'], types: [] },
  upstream: { values: ['base', 'config', 'protocol'], types: ['catalog'] },
  gateway: { values: ['base', 'catalog', 'protocol', 'upstream'], types: ['config'] },
  downstream: { values: ['base', 'catalog', 'gateway', 'protocol'], types: [] },
  http: { values: ['base', 'config', 'downstream'], types: ['gateway', 'upstream'] },
  hub: { values: ['base', 'protocol', 'config', 'catalog', 'upstream', 'gateway', 'downstream', 'http'], types: [] },
  cli: { values: ['base', 'config', 'hub'], types: ['http'] },
};
const names = Object.keys(ROOMS);

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name));
}

describe('the rooms', () => {
  it('are the folders of src, and the table stands in docs/architecture.md', async () => {
    const folders = (await readdir(join(root, 'src'), { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual([...names].sort());
    const page = await readFile(join(root, 'docs/architecture.md'), 'utf8');
    for (const [room, { values, types }] of Object.entries(ROOMS)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${room}\` |`));
      const [, , , may, only] = (row ?? '').split('|').map((cell) => cell.trim());
      expect(may, room).toBe(room === 'hub' ? 'all above' : values.join(', ') || '–');
      expect(only, room).toBe(types.join(', ') || '–');
    }
  });

  it('open by one door each, which exports names and no `*` (protocol apart, which is words throughout)', async () => {
    for (const room of names.filter((name) => name !== 'cli')) {
      const door = await readFile(join(root, 'src', room, 'index.ts'), 'utf8');
      expect(door.includes('export *') && room !== 'protocol', room).toBe(false);
    }
  });

  it('hold files of one job: none over 300 lines', async () => {
    for (const file of await sources(join(root, 'src'))) {
      const lines = (await readFile(file, 'utf8')).split('\n').length;
      expect(lines, file).toBeLessThanOrEqual(301);
    }
  });
});

describe('the boundary check', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-hub-boundary-'));
    await copyFile(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    for (const room of names) {
      await mkdir(join(folder, 'src', room), { recursive: true });
      await writeFile(join(folder, 'src', room, 'index.ts'), 'export const door = 1;\nexport type Door = 1;\n');
      await writeFile(join(folder, 'src', room, 'inside.ts'), 'export const inside = 1;\n');
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Lints one planted file per pair of rooms at once and tells which were refused. */
  async function refused(plant: (from: string, to: string) => string): Promise<Set<string>> {
    for (const from of names) {
      for (const to of names.filter((name) => name !== from)) {
        await writeFile(join(folder, 'src', from, `planted-${to}.ts`), plant(from, to));
      }
    }
    const { stdout } = await run(join(root, 'node_modules/.bin/oxlint'), ['--format=json', '.'], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    const { diagnostics }: { diagnostics: { filename: string; code: string }[] } = JSON.parse(stdout);
    const restricted = diagnostics.filter(({ code }) => code.includes('no-restricted-imports'));
    return new Set(restricted.map(({ filename }) => filename.replaceAll('\\', '/').replace(/^.*src\//, '')));
  }

  const pairs = (allowed: (from: string, to: string) => boolean): Set<string> =>
    new Set(names.flatMap((from) => names.filter((to) => to !== from && !allowed(from, to)).map((to) => `${from}/planted-${to}.ts`)));

  it('refuses exactly the value imports that the table does not allow', async () => {
    const seen = await refused((_, to) => `import { door } from '../${to}/index.ts';\nexport const planted = door;\n`);
    expect(seen).toEqual(pairs((from, to) => ROOMS[from]?.values.includes(to) ?? false));
  });

  it('refuses exactly the type imports that the table does not allow', async () => {
    const seen = await refused((_, to) => `import type { Door } from '../${to}/index.ts';\nexport type Planted = Door;\n`);
    expect(seen).toEqual(pairs((from, to) => [...(ROOMS[from]?.values ?? []), ...(ROOMS[from]?.types ?? [])].includes(to)));
  });

  it('refuses every way in but the door', async () => {
    const seen = await refused((_, to) => `import { inside } from '../${to}/outside.ts';\nexport const planted = inside;\n`);
    expect(seen).toEqual(pairs(() => false));
  });
});

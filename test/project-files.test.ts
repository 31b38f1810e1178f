import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');

interface Manifest {
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
}

describe('docs/dependencies.md', () => {
  const listed = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);

  it('lists every dependency once, and nothing else', () => {
    const { dependencies, optionalDependencies, devDependencies } = manifest;
    expect(listed.toSorted()).toEqual(Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }).toSorted());
  });
});

describe('package.json', () => {
  it('has no runtime dependencies: the bundle holds them', () => {
    expect(manifest.dependencies).toBeUndefined();
  });

  it('has native modules as optional dependencies only, which the bundle leaves alone', () => {
    expect(Object.keys(manifest.optionalDependencies ?? {})).toEqual(['@napi-rs/keyring']);
  });
});

describe('CHANGELOG.md', () => {
  it('has a section for the current version', () => {
    expect(read('CHANGELOG.md')).toContain(`\n## ${manifest.version}\n`);
  });
});

describe('examples/mcp-servers.json', () => {
  const { mcpServers } = JSON5.parse<{ mcpServers: Record<string, Entry> }>(read('examples/mcp-servers.json'));

  it.each(Object.entries(mcpServers))('starts %s from what is installed', (_, { command, args }) => {
    expect(command).toBe('node');
    const script = args[0]?.replace('${workspaceFolder}/', root);
    expect(script && existsSync(script)).toBe(true);
  });
});

describe('examples/vscode-mcp.json', () => {
  it('is plain JSON, as VS Code writes it, and every input it uses is declared', () => {
    const text = read('examples/vscode-mcp.json');
    const { inputs } = JSON.parse(text) as { inputs: { id: string }[] };
    const used = [...text.matchAll(/\$\{input:([^}]+)\}/g)].map(([, id]) => id);
    expect(inputs.map(({ id }) => id)).toEqual(used);
  });
});

describe('docs', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...markdown('docs/'), ...markdown('docs/adr/')].filter((page) =>
    existsSync(`${root}${page}`),
  );

  it.each(pages)('%s links to files that exist', (page) => {
    const folder = page.replace(/[^/]*$/, '');
    const links = [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link]) => `${folder}${link}`);
    expect(links.filter((link) => !existsSync(`${root}${link}`))).toEqual([]);
  });
});

function markdown(folder: string): string[] {
  return readdirSync(`${root}${folder}`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => folder + name);
}

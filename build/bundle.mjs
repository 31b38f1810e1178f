/**
 * Bundles the command into dist/: one entry, parts that are loaded on first use in files of their own. The libraries
 * are bundled too, so that the installed command resolves no packages at start (docs/adr/0002-bundle.md).
 *
 * What `serve` loads after it has opened the port becomes a bundle of its own, dist/serving/, with that part in one file: to find,
 * read and link many files takes longer than the same code in one, and clients wait meanwhile. The two share nothing.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeLicenses } from './licenses.mjs';
import { mergeEntries } from './merge-entries.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const options = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  metafile: true,
  logLevel: 'warning',
  legalComments: 'none',
  define: { HUB_VERSION: JSON.stringify(version) },
  // CommonJS libraries call require() for Node's own modules.
  banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
};

const servingApart = {
  name: 'serving-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/start-serving\.ts$/ }, () => ({ path: './serving/start-serving.js', external: true }));
  },
};

rmSync(join(root, 'dist'), { recursive: true, force: true });
const command = await build({ ...options, entryPoints: { main: 'src/cli/main.ts' }, outdir: 'dist', plugins: [servingApart] });
removeUnused(command.metafile, 'dist/main.js');
const serving = await build({
  ...options,
  entryPoints: { 'start-serving': 'src/cli/start-serving.ts', 'compiled-code': 'src/cli/compiled-code.ts' },
  outdir: 'dist/serving',
});
await mergeEntries({
  root,
  metafile: serving.metafile,
  // Who comes second to a port needs to tell who has it, and no hub.
  apart: ['src/cli/start-serving.ts', 'src/cli/port-owner.ts'],
  runner: 'src/cli/compiled-code.ts',
  entries: ['src/cli/commands/serve.ts', 'src/hub/index.ts', 'src/hub/hub.ts'],
  into: 'dist/serving/hub.js',
});
writeLicenses(root, [...Object.keys(command.metafile.inputs), ...Object.keys(serving.metafile.inputs)]);

/** What only code that was left out would have loaded has a file all the same. */
function removeUnused({ outputs }, entry) {
  const used = new Set();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (used.has(path)) continue;
    used.add(path);
    waiting.push(...outputs[path].imports.filter(({ external }) => !external).map((each) => each.path));
  }
  for (const path of Object.keys(outputs)) if (!used.has(path)) rmSync(join(root, path));
}

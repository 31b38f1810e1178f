/**
 * Runs a TypeScript file of this project: `node build/run-ts.mjs <file.ts> [arguments]`. Node 20 does not strip types, so
 * the file is bundled first, with packages left outside, into node_modules/.cache, from where those packages resolve.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';

/** Every module keeps the `import.meta.url` and `dirname` of its source, for those that find files beside themselves. */
const keepModuleUrls = {
  name: 'keep-module-urls',
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const define = {
        'import.meta.url': JSON.stringify(pathToFileURL(path).href),
        'import.meta.dirname': JSON.stringify(dirname(path)),
      };
      const options = { loader: 'ts', target: 'node20.19', define, sourcefile: path, sourcemap: 'inline' };
      return { contents: (await transform(readFileSync(path, 'utf8'), options)).code, loader: 'js' };
    });
  },
};

const [entry, ...rest] = process.argv.slice(2);
if (entry === undefined) {
  console.error('usage: node build/run-ts.mjs <file.ts> [arguments]');
  process.exit(1);
}
const file = resolve(entry);
process.argv = [process.execPath, file, ...rest];
await import(pathToFileURL(await bundle(file)).href);

/** The path of the bundled file; its name holds the hash of its content, so that runs side by side do not meet. */
async function bundle(input) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [input],
    bundle: true,
    write: false,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [keepModuleUrls],
  });
  const { contents } = outputFiles[0];
  const folder = join(root, 'node_modules', '.cache', 'mcp-hub');
  const output = join(folder, `${createHash('sha256').update(contents).digest('hex').slice(0, 24)}.mjs`);
  mkdirSync(folder, { recursive: true });
  const unfinished = `${output}.${process.pid}`;
  writeFileSync(unfinished, contents);
  renameSync(unfinished, output);
  return output;
}

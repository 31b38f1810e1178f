import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/**
 * Puts every file that `entries` load at once into one, `into`, but for those that `apart` needs without the rest. The files stay
 * as mere doors to it, so that what is loaded later, and shares code with it, still shares it. esbuild itself makes a file for
 * every set of entries that share something.
 *
 * @param {{ root: string, metafile: import('esbuild').Metafile, apart: readonly string[], runner: string, entries: readonly string[], into: string }} options
 */
export async function mergeEntries({ root, metafile: { outputs }, apart, runner, entries, into }) {
  const outputOf = (source) => {
    const found = Object.keys(outputs).find((path) => outputs[path].entryPoint === source);
    if (found === undefined) throw new Error(`${source} is not loaded on first use any more: build/bundle.mjs names it.`);
    return found;
  };
  const separate = reached(outputs, apart.map(outputOf));
  const merged = [...reached(outputs, entries.map(outputOf))].filter((path) => !separate.has(path));
  const names = (path, at) => outputs[path].exports.map((name) => [name, `m${at}_${name}`]);
  const doors = merged.map((path, at) => ({ path, names: names(path, at) }));
  const contents = doors.map(({ path, names }) => reexport(names, path)).join('\n');
  const inside = new Set(merged.map((path) => basename(path)));
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: join(root, dirname(into)) },
    bundle: true,
    // A script, because Node takes compiled code for scripts only.
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
    legalComments: 'none',
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = require('node:url').pathToFileURL(module.file).href;" },
    write: false,
    plugins: [leftOutside(inside)],
  });
  const [file] = outputFiles;
  const script = into.replace(/\.js$/, '.cjs');
  // A script of which the code is kept cannot import by itself.
  const body = file.text.replaceAll(/\bimport\((?="\.\/[^"]+"\))/g, '__import(');
  const text = `(function (require, module, exports, __import) {${ascii(body)}\n})`;
  writeFileSync(join(root, script), text);
  const outside = [...separate].filter((path) => text.includes(`require("./${basename(path)}")`));
  const all = doors.flatMap(({ names }) => names.map(([, inner]) => inner));
  writeFileSync(
    join(root, into),
    doorToScript({
      runner: outputOf(runner),
      script,
      outside,
      names: all,
      build: createHash('sha256').update(text).digest('hex').slice(0, 16),
    }),
  );
  for (const { path, names } of doors) {
    const turned = names.map(([name, inner]) => [inner, name]);
    writeFileSync(join(root, path), `${reexport(turned, into)}\n`);
  }
}

/** esbuild leaves regular expressions and comments as they are. */
const ascii = (text) => text.replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The ES module that runs the script and exports what it does. */
function doorToScript({ runner, script, outside, names, build }) {
  return [
    "import { fileURLToPath } from 'node:url';",
    `import { runCompiled } from './${basename(runner)}';`,
    ...outside.map((path, at) => `import * as outside${at} from './${basename(path)}';`),
    `const modules = { ${outside.map((path, at) => `'./${basename(path)}': outside${at}`).join(', ')} };`,
    `const file = fileURLToPath(new URL('./${basename(script)}', import.meta.url));`,
    `const { ${names.join(', ')} } = runCompiled({ file, build: '${build}', modules, load: (id) => import(id) });`,
    `export { ${names.join(', ')} };`,
    '',
  ].join('\n');
}

/** The files of these entries and what they import, without what is loaded on first use. */
function reached(outputs, entries) {
  const found = new Set();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const direct = outputs[path].imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
    waiting.push(...direct.map((each) => each.path));
  }
  return found;
}

const reexport = (names, path) =>
  names.length === 0
    ? `import './${basename(path)}';`
    : `export { ${names.map(([from, to]) => (from === to ? from : `${from} as ${to}`)).join(', ')} } from './${basename(path)}';`;

/** Whatever is not to be merged is imported as before; what is imported on first use goes through the doors. */
const leftOutside = (inside) => ({
  name: 'left-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\// }, ({ path, kind }) =>
      kind === 'dynamic-import' || !inside.has(basename(path)) ? { path, external: true } : undefined,
    );
  },
});

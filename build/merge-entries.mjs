import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { doorToScript, loaderOfScript, reexport } from './doors.mjs';

/**
 * Puts every file that `entries` load at once into one script, `into`, and what `first` loads before that into one file too. The
 * files stay as mere doors to it, so that what is loaded later, and shares code with it, still shares it. esbuild itself makes a file
 * for every set of entries that share something. What `apart` needs without the rest is copied, and has to be without a state.
 *
 * The loader that `first` imports as `./load-serving.js` is made here: it gives the script's exports named in `gives`.
 *
 * @param {{ root: string, metafile: import('esbuild').Metafile, options: import('esbuild').BuildOptions, first: string, apart: string, runner: string, entries: readonly string[], gives: readonly string[], into: string }} options
 */
export async function mergeEntries({ root, metafile: { outputs }, options, first, apart, runner, entries, gives, into }) {
  const outputOf = (source) => {
    const found = Object.keys(outputs).find((path) => outputs[path].entryPoint === source);
    if (found === undefined) throw new Error(`${source} is not loaded on first use any more: build/bundle.mjs names it.`);
    return found;
  };
  const before = reached(outputs, [outputOf(first)]);
  const copied = [...reached(outputs, [outputOf(apart)])].filter((path) => !before.has(path));
  const merged = [...reached(outputs, entries.map(outputOf))].filter((path) => !before.has(path) && !copied.includes(path));
  const doorsOf = (paths, letter) =>
    paths.map((path, at) => ({ path, names: outputs[path].exports.map((name) => [name, `${letter}${at}_${name}`]) }));
  const doors = doorsOf(merged, 'm');
  const folder = dirname(into);
  const inside = new Set([...merged, ...copied].map((path) => basename(path)));
  const text = await scriptOf({ root, folder, options, doors, inside });
  const script = into.replace(/\.js$/, '.cjs');
  writeFileSync(join(root, script), text);
  const all = doors.flatMap(({ names }) => names.map(([, inner]) => inner));
  const given = gives.map((name) => [name, all.find((inner) => inner.endsWith(`_${name}`))]);
  const outside = [...before].filter((path) => text.includes(`"./${basename(path)}"`));
  const loader = loaderOfScript({
    runner: outputOf(runner),
    script,
    outside,
    given,
    build: createHash('sha256').update(text).digest('hex').slice(0, 16),
  });
  const firstDoors = doorsOf(
    [...before].filter((path) => path !== outputOf(first)),
    'b',
  );
  await writeFirst({ root, folder, options, first: outputOf(first), loader, doors: firstDoors });
  writeFileSync(join(root, into), doorToScript({ first: outputOf(first), names: all }));
  writeDoors(root, doors, into);
  writeDoors(root, firstDoors, outputOf(first));
}

/** The text of the script: a function around a CommonJS module. */
async function scriptOf({ root, folder, options, doors, inside }) {
  const { outputFiles } = await build({
    ...base(options),
    stdin: { contents: doors.map(({ path, names }) => reexport(names, path)).join('\n'), resolveDir: join(root, folder) },
    // A script, because Node takes compiled code for scripts only.
    format: 'cjs',
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = require('node:url').pathToFileURL(module.file).href;" },
    write: false,
    plugins: [leftOutside((name) => inside.has(name))],
  });
  const [file] = outputFiles;
  // A script of which the code is kept cannot import by itself.
  const body = file.text.replaceAll(/\bimport\((?="\.\/[^"]+"\))/g, '__import(');
  return `(function (require, module, exports, __import) {${ascii(body)}\n})`;
}

/** Rewrites the file that is loaded first, with what it imports and the loader in it. */
async function writeFirst({ root, folder, options, first, loader, doors }) {
  const { outputFiles } = await build({
    ...base(options),
    stdin: {
      contents: [`export * from './${basename(first)}';`, "export { exportsOfScript } from './load-serving.js';"]
        .concat(doors.map(({ path, names }) => reexport(names, path)))
        .join('\n'),
      resolveDir: join(root, folder),
    },
    format: 'esm',
    write: false,
    plugins: [
      {
        name: 'loader',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /\/load-serving\.js$/ }, () => ({ path: 'loader', namespace: 'loader' }));
          onLoad({ filter: /^loader$/, namespace: 'loader' }, () => ({ contents: loader, resolveDir: join(root, folder) }));
        },
      },
      leftOutside(() => true),
    ],
  });
  writeFileSync(join(root, first), outputFiles[0].text);
}

const base = ({ absWorkingDir, bundle, platform, target, logLevel, legalComments }) => ({
  absWorkingDir,
  bundle,
  platform,
  target,
  logLevel,
  legalComments,
});

function writeDoors(root, doors, into) {
  for (const { path, names } of doors) {
    const turned = names.map(([name, inner]) => [inner, name]);
    writeFileSync(join(root, path), `${reexport(turned, into)}\n`);
  }
}

/** esbuild leaves regular expressions and comments as they are. */
const ascii = (text) => text.replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

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

/** Whatever is not to be merged is imported as before; what is imported on first use goes through the doors. */
const leftOutside = (isInside) => ({
  name: 'left-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\// }, ({ path, kind }) =>
      kind === 'dynamic-import' || !isInside(basename(path)) ? { path, external: true } : undefined,
    );
  },
});

/** The texts of the small files and parts by which merged code is reached (see build/merge-entries.mjs). */
import { basename } from 'node:path';

/** An ES module's statement that exports names of another one, each `[there, here]`. */
export const reexport = (names, path) =>
  names.length === 0
    ? `import './${basename(path)}';`
    : `export { ${names.map(([from, to]) => (from === to ? from : `${from} as ${to}`)).join(', ')} } from './${basename(path)}';`;

/** The ES module that exports what the script does, and runs it if it has not been run. */
export const doorToScript = ({ first, names }) =>
  [`import { exportsOfScript } from './${basename(first)}';`, `export const { ${names.join(', ')} } = exportsOfScript();`, ''].join('\n');

/** The part of the file that is loaded first that runs the script, once, and gives what serves. */
export const loaderOfScript = ({ runner, script, outside, given, build }) =>
  [
    "import { fileURLToPath } from 'node:url';",
    `import { runCompiled } from './${basename(runner)}';`,
    ...outside.map((path, at) => `import * as outside${at} from './${basename(path)}';`),
    'let ran;',
    'export const exportsOfScript = () => ran ??= runCompiled({',
    `  file: fileURLToPath(new URL('./${basename(script)}', import.meta.url)),`,
    `  build: '${build}',`,
    `  modules: { ${outside.map((path, at) => `'./${basename(path)}': outside${at}`).join(', ')} },`,
    '  load: (id) => import(id),',
    '});',
    'export const loadServing = () => {',
    `  const { ${given.map(([name, inner]) => `${inner}: ${name}`).join(', ')} } = exportsOfScript();`,
    `  return { ${given.map(([name]) => name).join(', ')} };`,
    '};',
    '',
  ].join('\n');

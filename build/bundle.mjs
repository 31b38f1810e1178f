/**
 * Bundles the command into dist/: one entry, parts that are loaded on first use in files of their own. The libraries
 * are bundled too, so that the installed command resolves no packages at start (docs/adr/0002-bundle.md).
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(join(root, 'dist'), { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist',
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
});

writeLicenses(Object.keys(metafile.inputs));

/** The licence texts of every bundled package: their licences ask that the notice travels along. */
function writeLicenses(inputs) {
  const packages = new Set(inputs.map((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]).filter(Boolean));
  const texts = [...packages].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see text'})\n\n${licenseText(join(root, folder))}`;
  });
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-LICENSES.txt'), texts.join(`\n\n${'-'.repeat(80)}\n\n`));
}

/** Packages spell the file's name differently; some carry a notice beside it. */
function licenseText(folder) {
  const names = readdirSync(folder).filter((name) => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(name));
  const texts = names.sort().map((name) => readFileSync(join(folder, name), 'utf8').trim());
  return texts.length > 0 ? texts.join('\n\n') : '(no licence file in the package)';
}

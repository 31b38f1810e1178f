/**
 * Bundles the command into dist/: one entry, parts that are loaded on first use in files of their own. The libraries
 * are bundled too, so that the installed command resolves no packages at start (docs/adr/0002-bundle.md).
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
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

function licenseText(folder) {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'License']) {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch {
      // Expected: packages spell the file's name differently.
    }
  }
  return '(no licence file in the package)';
}

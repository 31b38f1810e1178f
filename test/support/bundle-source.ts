import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type Metafile } from 'esbuild';

export interface BundledSource {
  /** The file to run with node. */
  readonly file: string;
  readonly metafile: Metafile;
  remove(): void;
}

/** Bundles one source file as build/bundle.mjs does, into a temporary folder, so that a test can run it as a process. */
export function bundleSource(source: string): BundledSource {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-hub-bundle-'));
  const { metafile } = buildSync({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: { main: source },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    metafile: true,
    logLevel: 'silent',
    define: { HUB_VERSION: '"9.8.7"' },
    banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
  });
  return { file: join(folder, 'main.mjs'), metafile, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

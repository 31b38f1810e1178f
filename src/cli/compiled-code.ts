import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { hubPaths } from '../base/index.ts';

/** From the start until what has been compiled by then is kept, in milliseconds: the first lists and calls are over. */
const KEPT_AFTER_MS = 5_000;

export interface CompiledCodeOptions {
  /** The script: the function around a CommonJS module, in ASCII. Absolute. */
  readonly file: string;
  /** Differs whenever the script does. */
  readonly build: string;
  /** ES modules that the script requires, by the name that it uses. */
  readonly modules: Readonly<Record<string, unknown>>;
  /** Imports a module on first use, by a path relative to the script's. */
  readonly load: (id: string) => Promise<unknown>;
  /** Default: `cache/code` of the hub's data folder. Made when it is needed. */
  readonly folder?: string;
  /** Default: 5,000. */
  readonly keptAfterMs?: number;
}

/**
 * Runs the hub's script with what V8 made of it in an earlier run, so that it need not be compiled again while clients wait;
 * Node has a cache of its own for that from 22.1 only. Without that, or where another Node made it, it is compiled as always.
 *
 * It is kept in `cache/code` of the data folder, which only its owner can write to.
 */
export function runCompiled(options: CompiledCodeOptions): Readonly<Record<string, unknown>> {
  const { file, build, modules, load, keptAfterMs = KEPT_AFTER_MS } = options;
  const folder = options.folder ?? join(hubPaths(process.env).dataDir, 'cache', 'code');
  const name = `${build}-${process.version}-${process.arch}.bin`;
  const cachedData = contentOf(join(folder, name));
  // It holds ASCII only, which is read faster if one says so.
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData && { cachedData }),
  });
  if (!cachedData || script.cachedDataRejected === true) setTimeout(() => void keep(script, folder, name), keptAfterMs).unref();
  const nodeRequire = createRequire(file);
  const module: { readonly file: string; exports: Record<string, unknown> } = { file, exports: {} };
  const run: unknown = script.runInThisContext();
  if (typeof run !== 'function') throw new TypeError(`${file} is no script of the hub.`);
  run((id: string): unknown => modules[id] ?? nodeRequire(id), module, module.exports, load);
  return module.exports;
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    // Expected: it is the first run.
    return undefined;
  }
}

/** Whatever goes wrong here costs some milliseconds of the next start, and nothing else. */
async function keep(script: Script, folder: string, name: string): Promise<void> {
  try {
    const code = script.createCachedData();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = join(folder, `${name}.${process.pid}`);
    await writeFile(draft, code, { mode: 0o600 });
    await rename(draft, join(folder, name));
    const others = (await readdir(folder)).filter((other) => other !== name);
    await Promise.all(others.map((other) => rm(join(folder, other), { force: true })));
  } catch {
    // Expected: a disk that is full or cannot be written to.
  }
}

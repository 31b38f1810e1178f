import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { outputOf } from './output-of.ts';
import type { Processes } from './processes.ts';

const INSTALL_MS = 180_000;
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

export interface Installed {
  readonly version: string;
  /** The script that the command of the package runs. */
  readonly script: string;
}

/**
 * Installs an npm package into a cache folder of its own, unless it is there from an earlier run. Its install scripts do not run.
 *
 * @throws Error with the reason of npm.
 */
export async function installPeer(processes: Processes, name: string, version: string): Promise<Installed> {
  const folder = join(cacheFolder(), `${name}@${version}`.replaceAll('/', '+'));
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) {
    mkdirSync(folder, { recursive: true });
    const flags = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries', '1'];
    const child = processes.run(NPM, ['install', ...flags, `${name}@${version}`], { capture: true });
    const output = outputOf(child);
    const timer = setTimeout(() => child.kill(), INSTALL_MS);
    const [code]: unknown[] = await once(child, 'exit').finally(() => clearTimeout(timer));
    if (code !== 0) throw new Error(`npm cannot install it: ${reasonIn(output())}`);
  }
  const { version: found, bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  const script: unknown = typeof bin === 'string' ? bin : Object.values(bin ?? {})[0];
  if (typeof script !== 'string') throw new Error('has no command');
  return { version: String(found), script: join(folder, 'node_modules', name, script) };
}

/** Outside of the package, and of nobody else: what lies in it is run. */
function cacheFolder(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(tmpdir(), `mcp-hub-bench-${userInfo().username}`), 'mcp-hub-peers');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = userInfo();
  if (uid >= 0 && statSync(folder).uid !== uid) throw new Error(`${folder} belongs to another user. Set XDG_CACHE_HOME.`);
  return folder;
}

/** The lines of npm that say what is wrong, without those that say where its log is. */
function reasonIn(output: string): string {
  const lines = output.split('\n').filter((line) => line.startsWith('npm error') && !line.includes('complete log'));
  return lines
    .slice(0, 3)
    .map((line) => line.replace('npm error ', ''))
    .join('; ');
}

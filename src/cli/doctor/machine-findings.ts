import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HubPaths } from '../../base/index.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** As package.json demands. */
const OLDEST_NODE = [20, 19] as const;
const LITTLE_SPACE_BYTES = 200 * 1024 * 1024;
const LARGE_LOGS_BYTES = 500 * 1024 * 1024;

/** @param version `20.19.0` */
export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [needMajor, needMinor] = OLDEST_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return ok('node', `Node.js ${version}`);
  return fail('node', `Node.js ${version} is too old.`, `Install Node.js ${needMajor}.${needMinor} or newer (https://nodejs.org).`);
}

/** The folders that the hub writes to, and the room for them. */
export async function folderFindings({ stateDir, logDir }: Pick<HubPaths, 'stateDir' | 'logDir'>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [what, folder] of [['state', stateDir] as const, ['logs', logDir] as const]) {
    const nearest = await nearestFolder(folder);
    if (await isWritable(nearest)) findings.push(ok(what, `${folder}${nearest === folder ? '' : ' (will be made)'}`));
    else
      findings.push(
        fail(
          what,
          `${nearest} cannot be written to.`,
          `Make it yours (chown, chmod u+rwx ${nearest}), or set XDG_STATE_HOME to another folder.`,
        ),
      );
  }
  const bytes = await sizeOf(logDir);
  if (bytes > LARGE_LOGS_BYTES) findings.push(warn('logs', `The log files take ${megabytes(bytes)}.`, `Remove old ones from ${logDir}.`));
  else findings.push(ok('logs', `The log files take ${megabytes(bytes)}.`));
  const free = await freeBytes(await nearestFolder(stateDir));
  if (free !== undefined && free < LITTLE_SPACE_BYTES)
    findings.push(warn('disk', `Only ${megabytes(free)} are free.`, 'Make room: logs and caches cannot be written on a full disk.'));
  return findings;
}

/** What goes to this machine itself must not go through a proxy. */
export function proxyFinding(env: NodeJS.ProcessEnv): Finding {
  const value = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';
  const set = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].filter((name) => value(name) !== '');
  if (set.length === 0) return ok('proxy', 'None is set.');
  const exceptions = value('NO_PROXY')
    .split(/[\s,]+/)
    .map((name) => name.replace(/^\*?\./, '').replace(/:\d+$/, ''));
  const missing = ['localhost', '127.0.0.1'].filter((name) => !exceptions.includes(name) && !exceptions.includes('*'));
  if (missing.length === 0) return ok('proxy', `${set.join(', ')} set; not for this machine itself.`);
  const remedy = `Set NO_PROXY=${[...exceptions.filter((name) => name !== ''), ...missing].join(',')}`;
  return warn(
    'proxy',
    `${set.join(', ')} set, but NO_PROXY does not name ${missing.join(' and ')}: clients may look for the hub behind the proxy.`,
    remedy,
  );
}

async function nearestFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  return found || folder === dirname(folder) ? folder : nearestFolder(dirname(folder));
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return (await stat(folder)).isDirectory();
  } catch {
    // Expected: EACCES, EROFS.
    return false;
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function freeBytes(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && found.bavail * found.bsize;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

const TOOL_TIMEOUT_MS = 600;
/** How many processes are looked at at once. */
const AT_ONCE = 16;

/** A process as a person would recognise it. */
export interface ProcessInfo {
  readonly pid: number;
  /** The program, with the script where it runs one. Never its other arguments: they may hold secrets. */
  readonly name: string;
}

/**
 * The process that listens on TCP `port` of this machine; `undefined` when it cannot be found out (another user's
 * process, or no tool for it). Never rejects.
 */
export async function findListener(port: number, platform: NodeJS.Platform): Promise<ProcessInfo | undefined> {
  try {
    if (platform === 'linux') return await findInProc(port);
    if (platform === 'win32') return await findByNetstat(port);
    return parseLsof(await output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']));
  } catch {
    // Expected: the tool is not installed or took too long, or /proc is not mounted.
    return undefined;
  }
}

async function findInProc(port: number): Promise<ProcessInfo | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')));
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pid = await ownerOf(
    sockets,
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)),
  );
  if (pid === undefined) return undefined;
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter((part) => part !== '');
  return { pid: Number(pid), name: nameOf(argv) };
}

/** Who started at about the same time as this process is looked at first: many hubs that start at once look for one of them. */
async function ownerOf(sockets: ReadonlySet<string>, pids: readonly string[]): Promise<string | undefined> {
  const distance = (pid: string): number => Math.abs(Number(pid) - process.pid);
  const inOrder = [...pids].sort((one, other) => distance(one) - distance(other));
  for (let at = 0; at < inOrder.length; at += AT_ONCE) {
    const some = inOrder.slice(at, at + AT_ONCE);
    const owners = await Promise.all(some.map(async (pid) => ((await holdsAny(pid, sockets)) ? pid : undefined)));
    const owner = owners.find((pid) => pid !== undefined);
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/** The inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const hexPort = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes: string[] = [];
  for (const row of table.split('\n').slice(1)) {
    const columns = row.trim().split(/\s+/);
    const [, local, , state] = columns;
    const inode = columns[9];
    // 0A is LISTEN; see proc_net_tcp in the kernel's documentation.
    if (state === '0A' && local?.endsWith(hexPort) && inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

async function holdsAny(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  try {
    const links = (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => ''));
    return (await Promise.all(links)).some((link) => sockets.has(link));
  } catch {
    // Expected: another user's process, or one that has just ended.
    return false;
  }
}

/** The program's name, and its script when the first argument is a path. */
export function nameOf(argv: readonly string[]): string {
  const [program = 'unknown', script] = argv;
  const isScript = script !== undefined && !script.startsWith('-') && /[\\/]|\.(?:[cm]?js|ts|py|rb)$/.test(script);
  return isScript ? `${basename(program)} ${script}` : basename(program);
}

/** The answer of `lsof -Fpc`: a line `p<pid>`, then `c<command>`. */
export function parseLsof(text: string): ProcessInfo | undefined {
  const pid = /^p(\d+)$/m.exec(text)?.[1];
  return pid === undefined ? undefined : { pid: Number(pid), name: /^c(.+)$/m.exec(text)?.[1] ?? 'unknown' };
}

async function findByNetstat(port: number): Promise<ProcessInfo | undefined> {
  const pid = parseNetstat(await output('netstat', ['-ano', '-p', 'TCP']), port);
  if (pid === undefined) return undefined;
  const row = await output('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH']).catch(() => '');
  return { pid, name: /^"([^"]+)"/.exec(row.trim())?.[1] ?? 'unknown' };
}

/** The pid that listens on `port`, from Windows' `netstat -ano`. The state's word is translated there; its foreign address is not. */
export function parseNetstat(text: string, port: number): number | undefined {
  for (const row of text.split('\n')) {
    const [protocol, local, foreign, , pid] = row.trim().split(/\s+/);
    if (protocol === 'TCP' && local?.endsWith(`:${port}`) && foreign?.endsWith(':0') && /^\d+$/.test(pid ?? '')) return Number(pid);
  }
  return undefined;
}

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: TOOL_TIMEOUT_MS, windowsHide: true }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

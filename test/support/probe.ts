import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SCRIPT = fileURLToPath(new URL('probe.mjs', import.meta.url));
const ANSWER_WITHIN_MS = 5_000;

/** What Node must be told, so that the program it runs can be asked. */
export const PROBE_ARGS: readonly string[] = ['--expose-gc', '--import', pathToFileURL(SCRIPT).href];
/** The variable that names the file for the answers. */
export const PROBE_FILE = 'HUB_PROBE';

/** What a process holds, after a garbage collection. */
export interface Probe {
  readonly count: number;
  /** In bytes, like the next two. */
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** The kinds of what keeps it alive: timers, sockets, processes. */
  readonly resources: readonly string[];
  /** Everything that Node has warned of so far. */
  readonly warnings: readonly string[];
}

/** @throws Error when the process does not tell in time: it is gone, or its event loop stands still */
export async function askProbe(pid: number, file: string): Promise<Probe> {
  const before = read(file)?.count ?? 0;
  process.kill(pid, 'SIGUSR2');
  const endMs = Date.now() + ANSWER_WITHIN_MS;
  for (;;) {
    const probe = read(file);
    if (probe && probe.count !== before) return probe;
    if (Date.now() > endMs) throw new Error('The hub did not tell what it holds within 5 s.');
    await delay(10);
  }
}

function read(file: string): Probe | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Expected: ENOENT, nothing was asked yet.
    return undefined;
  }
}

/** What the open files of a process are, as `/proc` names them: `socket:[…]`, `pipe:[…]`, a path. */
export function openFiles(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Expected: ENOENT, it was closed since the folder was read.
      return '';
    }
  });
}

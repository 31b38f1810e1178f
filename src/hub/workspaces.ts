import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, HubError, isAlive, lock, replaceFile } from '../base/index.ts';

/** One running hub, as every other one and its clients find it. The shape is read by editors: no field may change. */
export interface Workspace {
  readonly pid: number;
  /** 0 for a hub that has a socket alone. */
  readonly port: number;
  /** The path of its Unix socket, where it has one. */
  readonly socket?: string | undefined;
  /** The folder that the hub was started in. */
  readonly cwd: string;
  /** As on its command line, in order, verbatim. */
  readonly config_files: readonly string[];
  /** ISO 8601. */
  readonly startTime: string;
  readonly state: 'active' | 'shutting_down';
  readonly activeConnections: number;
  /** ISO 8601: since when nobody is connected, while it is `shutting_down`. */
  readonly shutdownStartedAt: string | null;
  /** How long it waits for somebody, in milliseconds. */
  readonly shutdownDelay: number | null;
}

export interface WorkspacesOptions {
  /** Folder of the file. */
  readonly stateDir: string;
  readonly clock: Clock;
}

/** How long others may hold the file, in milliseconds: what is done under the lock takes a few. */
const STALE_AFTER_MS = 10_000;
/** How long to wait for one's turn, in milliseconds. */
const LOCK_WITHIN_MS = 15_000;

type Entries = Readonly<Record<string, Workspace>>;

/** Under which name a hub stands in the file: its port, or `unix:` and its socket. */
export function workspaceKey({ port, socket }: Pick<Workspace, 'port' | 'socket'>): string {
  return port === 0 && socket !== undefined ? `unix:${socket}` : String(port);
}

/**
 * The file in which running hubs tell of themselves: an object of {@link Workspace} by port. Many processes write it at once,
 * one after the other; it is replaced as a whole, so that whoever reads it needs no lock. Entries of hubs that are gone are
 * left out, and removed with the next change.
 */
export class WorkspaceFile {
  readonly #options: WorkspacesOptions;

  constructor(options: WorkspacesOptions) {
    this.#options = options;
  }

  get path(): string {
    return join(this.#options.stateDir, 'workspaces.json');
  }

  /** The hubs that run, by port. A file that is missing or broken tells of none. */
  async read(): Promise<Entries> {
    return parse(await this.#text()) ?? {};
  }

  /** Puts a hub's entry in, in place of any other on its port. */
  set(entry: Workspace): Promise<void> {
    return this.#change((entries) => ({ ...entries, [workspaceKey(entry)]: entry }));
  }

  /** Puts a hub's own entry in as it is now, also where it was lost; one of another process on the port stays as it is. */
  update(entry: Workspace): Promise<void> {
    return this.#change((entries) => {
      const key = workspaceKey(entry);
      const { pid = entry.pid } = entries[key] ?? {};
      return pid === entry.pid ? { ...entries, [key]: entry } : entries;
    });
  }

  /** Takes a hub's own entry out; one of another process on the port stays as it is. @param place the port, or the entry's other key */
  remove(place: number | string, pid: number): Promise<void> {
    return this.#change((entries) =>
      Object.fromEntries(Object.entries(entries).filter(([key, entry]) => key !== String(place) || entry.pid !== pid)),
    );
  }

  async #change(change: (entries: Entries) => Entries): Promise<void> {
    const { stateDir, clock } = this.#options;
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const held = await lock({ dir: join(stateDir, 'locks', 'workspaces'), clock, staleAfterMs: STALE_AFTER_MS }, LOCK_WITHIN_MS);
    const draft = `${this.path}.${process.pid}.${randomUUID()}`;
    try {
      const text = await this.#text();
      const entries = parse(text);
      if (!entries && text !== undefined) await rename(this.path, join(dirname(this.path), 'workspaces.broken.json'));
      await writeFile(draft, `${JSON.stringify(change(entries ?? {}), null, 2)}\n`, { mode: 0o600 });
      if (!(await held.isHeld())) throw new HubError('TIMEOUT', `The lock on ${this.path} was lost while it was changed.`);
      await replaceFile(draft, this.path);
    } finally {
      await rm(draft, { force: true });
      await held.release();
    }
  }

  async #text(): Promise<string | undefined> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** The entries of hubs that run; `undefined` when the text is not such a file. */
function parse(text: string | undefined): Entries | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text ?? '{}');
  } catch {
    // Expected: SyntaxError, somebody else wrote it.
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  return Object.fromEntries(Object.entries(json).filter((pair): pair is [string, Workspace] => isEntry(pair[1]) && isAlive(pair[1].pid)));
}

function isEntry(value: unknown): value is Workspace {
  if (typeof value !== 'object' || value === null) return false;
  if (!('pid' in value) || !('port' in value) || !('cwd' in value) || !('config_files' in value)) return false;
  const { pid, port, cwd, config_files: files } = value;
  const isNumbered = typeof pid === 'number' && typeof port === 'number';
  return isNumbered && typeof cwd === 'string' && Array.isArray(files) && files.every((file) => typeof file === 'string');
}

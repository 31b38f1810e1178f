import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { type Clock, type Disposable, messageOf } from '../base/index.ts';
import { type Content, contentOf, identityOf, placesOf, stampOf } from './watched-path.ts';

/** After the last sign of a change, until it is looked at, in milliseconds: a save is several of them. */
const QUIET_MS = 80;
/** Signs that go on for so long are looked at all the same, in milliseconds. */
const AT_LATEST_MS = 400;
/** After a look at something that may be half a save, until the next one, in milliseconds. */
const UNFINISHED_MS = 300;
/** The same where a file is gone, which some programs leave it for longer. */
const MISSING_MS = 1_000;
/** Where folders cannot be watched (network drives, no watches left), looking is all there is, in milliseconds. */
const POLL_MS = 2_000;
/** More folders than a few config files can stand in or be linked through. */
const MAX_FOLDERS = 64;

export interface ConfigWatchOptions {
  /** Absolute. Neither they nor their folders need to exist. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Whether a text is a whole file; one that is not is looked at again a moment later. */
  readonly isWhole: (text: string) => boolean;
  /** The content of a file is another one. Told of the first look too, so that nothing is missed between loading and watching. */
  readonly onChange: () => void;
  /** Told once when only looking now and then is left, in words for a person. */
  readonly onProblem: (text: string) => void;
}

interface WatchedFolder {
  readonly watcher: FSWatcher;
  readonly identity: string | undefined;
}

/**
 * Finds out when config files have another content, however they are saved: in place, by rename, through links, or for the
 * first time. It watches the folders on the way to each file, not the file (a watch on a file ends when it is replaced), and none
 * of them as a tree. Every two seconds it also looks at the files' times, for what no watch tells of. Contents are compared, so that
 * a file that was only touched is no change.
 */
export class ConfigWatch implements Disposable {
  readonly #options: ConfigWatchOptions;
  readonly #watchers = new Map<string, WatchedFolder>();
  #names: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  /** What was last told, and what was last seen since when, by path. */
  readonly #told = new Map<string, string>();
  readonly #seen = new Map<string, { readonly mark: string; readonly sinceMs: number }>();
  #stamps = '';
  #look: Disposable | undefined;
  #poll: Disposable | undefined;
  #firstSignMs: number | undefined;
  #isLooking = false;
  #hasProblem = false;
  #disposed = false;

  constructor(options: ConfigWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lookIn(0);
    this.#pollLater();
  }

  dispose(): void {
    this.#disposed = true;
    this.#look?.dispose();
    this.#poll?.dispose();
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Somebody else has found nothing at these paths: whatever is there is a change, also what was there before. */
  noteMissing(paths: readonly string[]): void {
    for (const path of paths) this.#told.set(path, 'missing');
  }

  #sign(): void {
    const nowMs = this.#options.clock.now();
    this.#firstSignMs ??= nowMs;
    this.#lookIn(Math.max(0, Math.min(QUIET_MS, this.#firstSignMs + AT_LATEST_MS - nowMs)));
  }

  #lookIn(delayMs: number): void {
    if (this.#disposed) return;
    this.#look?.dispose();
    this.#look = this.#options.clock.after(delayMs, () => void this.#lookNow());
  }

  #pollLater(): void {
    if (this.#disposed) return;
    this.#poll = this.#options.clock.after(POLL_MS, async () => {
      const stamps = await this.#currentStamps();
      if (stamps !== this.#stamps) this.#sign();
      this.#pollLater();
    });
  }

  async #currentStamps(): Promise<string> {
    return (await Promise.all(this.#options.paths.map(stampOf))).join('\n');
  }

  /** One look at a time: signs that come meanwhile lead to the next one. */
  async #lookNow(): Promise<void> {
    if (this.#isLooking) return this.#lookIn(QUIET_MS);
    this.#isLooking = true;
    this.#firstSignMs = undefined;
    try {
      // The folders first: what changes after they are watched gives a sign, what changed before is seen.
      await this.#watchFolders();
      this.#stamps = await this.#currentStamps();
      const contents = await Promise.all(
        this.#options.paths.map(async (path): Promise<[string, Content]> => [path, await contentOf(path)]),
      );
      if (!this.#disposed) this.#compare(new Map(contents));
    } finally {
      this.#isLooking = false;
    }
  }

  #compare(contents: ReadonlyMap<string, Content>): void {
    const waitsMs = [...contents].map(([path, content]) => this.#unsettledMs(path, content));
    const waitMs = Math.max(...waitsMs);
    if (waitMs > 0) return this.#lookIn(waitMs);
    const isChanged = [...contents].some(([path, { mark }]) => mark !== this.#told.get(path));
    for (const [path, { mark }] of contents) this.#told.set(path, mark);
    if (isChanged) this.#options.onChange();
  }

  /** For how long this content has to stay as it is before it is told: it may be half of a save. */
  #unsettledMs(path: string, { mark, text }: Content): number {
    const nowMs = this.#options.clock.now();
    const seen = this.#seen.get(path);
    const sinceMs = seen?.mark === mark ? seen.sinceMs : nowMs;
    this.#seen.set(path, { mark, sinceMs });
    const told = this.#told.get(path);
    if (told === undefined || told === mark || (text !== undefined && this.#options.isWhole(text))) return 0;
    return Math.max(0, sinceMs + (mark === 'missing' ? MISSING_MS : UNFINISHED_MS) - nowMs);
  }

  async #watchFolders(): Promise<void> {
    const names = new Map<string, Set<string>>();
    for (const path of this.#options.paths) {
      for (const [folder, inIt] of await placesOf(path)) names.set(folder, new Set([...(names.get(folder) ?? []), ...inIt]));
    }
    const folders = [...names.keys()].slice(0, MAX_FOLDERS);
    const identities = await Promise.all(folders.map(identityOf));
    if (this.#disposed) return;
    this.#names = names;
    for (const [folder, { watcher, identity }] of this.#watchers) {
      // A watch stays with the folder that it was made for, also when that has been moved away and replaced.
      const at = folders.indexOf(folder);
      if (at >= 0 && identities[at] === identity) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [at, folder] of folders.entries()) this.#watchFolder(folder, identities[at]);
  }

  #watchFolder(folder: string, identity: string | undefined): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        // Under its own name a folder tells that it was moved or removed.
        if (name === null || name === basename(folder) || this.#names.get(folder)?.has(name) === true) this.#sign();
      });
      watcher.on('error', (error) => {
        watcher.close();
        // There may be a later one for the folder.
        if (this.#watchers.get(folder)?.watcher === watcher) this.#watchers.delete(folder);
        this.#problem(folder, error);
      });
      this.#watchers.set(folder, { watcher, identity });
    } catch (error) {
      this.#problem(folder, error);
    }
  }

  #problem(folder: string, error: unknown): void {
    if (this.#hasProblem) return;
    this.#hasProblem = true;
    const often = `every ${POLL_MS / 1000} seconds`;
    this.#options.onProblem(`${folder} cannot be watched (${messageOf(error)}); the config files are looked at ${often} instead.`);
  }
}

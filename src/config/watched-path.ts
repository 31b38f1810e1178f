import { readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';
import { etagOf } from './etag.ts';

/** More links than the operating system follows. */
const MAX_LINKS = 40;

/** A folder, and the names in it whose change may change what a path leads to. */
export type Places = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * The places on the way to a file that decide what is found there: the file's own folder, and that of every symbolic link, be it the
 * file or a folder above it (a mounted ConfigMap is a link to a file behind a link `..data` to a folder). Where the way ends because
 * something is missing, the place where it would begin.
 */
export async function placesOf(path: string): Promise<Places> {
  const places = new Map<string, Set<string>>();
  const add = (folder: string, name: string): void => void places.set(folder, (places.get(folder) ?? new Set()).add(name));
  let { root: at } = parse(path);
  let rest = partsOf(path);
  let links = 0;
  while (rest.length > 0) {
    const [name = '', ...further] = rest;
    const here = join(at, name);
    const target = await linkTarget(here);
    if (target !== undefined) {
      add(at, name);
      links += 1;
      if (links > MAX_LINKS) return places;
      const whole = resolve(at, target);
      rest = [...partsOf(whole), ...further];
      at = parse(whole).root;
      continue;
    }
    const isLast = further.length === 0;
    if (isLast || !(await isFolder(here))) {
      add(at, name);
      return places;
    }
    at = here;
    rest = further;
  }
  add(dirname(path), basename(path));
  return places;
}

function partsOf(path: string): string[] {
  return path
    .slice(parse(path).root.length)
    .split(sep)
    .filter((part) => part !== '');
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch {
    // Expected: EINVAL, not a link; ENOENT, nothing there; EACCES, not to be seen.
    return undefined;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Expected: ENOENT, EACCES.
    return false;
  }
}

/** What is found at a path, to be compared. */
export interface Content {
  /** `missing`, `unreadable` or the hash of the text. */
  readonly mark: string;
  /** `undefined` when there is none, or it cannot be read. */
  readonly text: string | undefined;
}

export async function contentOf(path: string): Promise<Content> {
  try {
    const text = await readFile(path, 'utf8');
    return { mark: etagOf(text), text };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return { mark: isMissing ? 'missing' : 'unreadable', text: undefined };
  }
}

/** Cheap to find out, and another one when the file has probably changed; `undefined` when there is none. */
export async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs].join(' ');
  } catch {
    // Expected: ENOENT and its like.
    return undefined;
  }
}

/** Which folder a path leads to now; `undefined` when to none. */
export async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev} ${ino}`;
  } catch {
    // Expected: ENOENT and its like.
    return undefined;
  }
}

import { isAbsolute, relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';

/** Which files of a folder somebody wants to hear of. Paths are relative to the folder and have `/` between their parts. */
export interface FileChoice {
  /** Whether changes of that file count. */
  wants(path: string): boolean;
  /** Whether that folder can hold a file that counts; what is in others is never looked at. */
  enters(path: string): boolean;
  /** Absolute paths of the folders to watch: the one itself, and those outside of it that patterns lead to. */
  readonly roots: readonly string[];
}

interface Pattern {
  readonly matches: (path: string) => boolean;
  /** One test for each part of the path; `undefined` when the pattern cannot be cut into such parts. */
  readonly parts: readonly Part[] | undefined;
  /** Whether the pattern speaks of a folder of that name, instead of merely allowing for it. */
  readonly names: (folder: string) => boolean;
}

type Part = '**' | ((name: string) => boolean);

/** Folders that hold what tools have made; a pattern has to name them. Folders whose names begin with a dot are like them. */
const OF_TOOLS: ReadonlySet<string> = new Set(['node_modules', 'dist', '__pycache__']);

/**
 * Reads the glob patterns of `dev.watch` as people mean them: a pattern with `!` in front takes out what it matches, wherever
 * it stands; one without any special character may be a file or a whole folder; `../` leads out of the folder.
 *
 * @param folder absolute
 * @param fallback for patterns of which all take something out
 */
export function chooseFiles(folder: string, patterns: readonly string[], fallback: readonly string[]): FileChoice {
  const globs = patterns
    .map((pattern) => ({ out: isNegated(pattern), glob: relativeGlob(folder, pattern) }))
    .filter(({ glob }) => glob !== '');
  const given = globs.filter(({ out }) => !out).flatMap(({ glob }) => alsoFolder(glob));
  const wanted = given.length > 0 ? given : [...fallback];
  const unwanted = globs.filter(({ out }) => out).flatMap(({ glob }) => alsoFolder(glob));
  const choices = wanted.map(patternOf);
  const isOut = picomatch(unwanted, { dot: true });
  const isWhollyOut = picomatch(
    unwanted.filter((glob) => glob.endsWith('/**')).map((glob) => glob.slice(0, -3)),
    { dot: true },
  );
  return {
    wants: (path) => !isOut(path) && choices.some((pattern) => pattern.matches(path) && isOpenTo(pattern, foldersOf(path))),
    enters: (path) => !isWhollyOut(path) && choices.some((pattern) => leadsInto(pattern, path.split('/'))),
    roots: rootsOf(folder, wanted),
  };
}

/** The path of a file below or beside `folder`, as {@link FileChoice} takes it. */
export function pathWithin(folder: string, path: string): string {
  return relative(folder, path).split(sep).join('/');
}

function isNegated(pattern: string): boolean {
  return pattern.startsWith('!') && !pattern.startsWith('!(');
}

/** Without `!`, `./` and a `/` at the end; an absolute pattern relative to the folder. */
function relativeGlob(folder: string, pattern: string): string {
  const glob = (isNegated(pattern) ? pattern.slice(1) : pattern).trim();
  if (glob === '') return '';
  const { base, glob: rest } = picomatch.scan(glob);
  const local = isAbsolute(base) ? [pathWithin(folder, base), rest].filter((part) => part !== '').join('/') : glob;
  return local.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '/**');
}

function alsoFolder(glob: string): string[] {
  return picomatch.scan(glob).isGlob ? [glob] : [glob, `${glob}/**`];
}

function patternOf(glob: string): Pattern {
  // A `/` within braces or parentheses: the parts cannot be told apart.
  const isWhole = /[{(][^)}]*\/[^)}]*[)}]/.test(glob);
  const texts = glob.split('/');
  const names = (isWhole ? glob.split(/[/{},()|]/) : texts).filter((text) => /[^*?]/.test(text)).map((text) => picomatch(text));
  return {
    matches: picomatch(glob),
    parts: isWhole ? undefined : texts.map((text) => (text === '**' ? text : picomatch(text))),
    names: (folder) => names.some((matches) => matches(folder)),
  };
}

function foldersOf(path: string): readonly string[] {
  return path.split('/').slice(0, -1);
}

function isOfTools(name: string): boolean {
  return OF_TOOLS.has(name) || (name.startsWith('.') && name !== '..');
}

function isOpenTo({ names }: Pattern, folders: readonly string[]): boolean {
  return folders.every((name) => !isOfTools(name) || names(name));
}

function leadsInto(pattern: Pattern, folders: readonly string[]): boolean {
  if (!isOpenTo(pattern, folders)) return false;
  for (const [index, name] of folders.entries()) {
    const part = pattern.parts?.[index];
    if (pattern.parts === undefined || part === '**') return true;
    // The last part is for files.
    if (part === undefined || index === pattern.parts.length - 1 || !part(name)) return false;
  }
  return true;
}

function rootsOf(folder: string, globs: readonly string[]): readonly string[] {
  const outside = globs.filter((glob) => glob.startsWith('../')).map((glob) => resolve(folder, picomatch.scan(glob).base));
  return [...new Set([folder, ...outside])];
}

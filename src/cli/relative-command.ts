import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { canonicalPath } from './config-names.ts';
import { type JsonObject, textOf, textsOf } from './json.ts';

/**
 * An entry whose command names files relative to the folder that it was typed in, with that folder as its `cwd`: without one a
 * server runs in the folder of its hub, and finds others there, or none.
 *
 * @param hubFolder where the hub of the config was started; `undefined`: none runs, and the next one may start anywhere
 * @returns the entry itself where nothing is relative, or the folders are the same
 */
export async function runHere(entry: JsonObject, here: string, hubFolder: string | undefined): Promise<JsonObject> {
  const { cwd } = entry;
  const program = textOf(entry, 'command');
  if (program === '' || isFixed(cwd)) return entry;
  const isRelative = cwd !== undefined || isProgramPath(program) || (await someFile(textsOf(entry['args']), here));
  if (!isRelative || (hubFolder !== undefined && (await canonicalPath(hubFolder)) === (await canonicalPath(here)))) return entry;
  return { ...entry, cwd: typeof cwd === 'string' ? resolve(here, cwd) : here };
}

const isFixed = (cwd: unknown): boolean => typeof cwd === 'string' && (isAbsolute(cwd) || cwd.includes('$'));

/** A program of this form is looked for from the folder; `npx` is not, whatever lies there. */
const isProgramPath = (text: string): boolean => !isAbsolute(text) && /^[^~$].*[\\/]/.test(text);

const isPath = (text: string): boolean => /^\.{1,2}[\\/]/.test(text);

async function someFile(words: readonly string[], here: string): Promise<boolean> {
  const found = await Promise.all(words.map(async (word) => isPath(word) || (await isFile(resolve(here, word), word))));
  return found.includes(true);
}

async function isFile(path: string, word: string): Promise<boolean> {
  if (word === '' || isAbsolute(word)) return false;
  // Expected: ENOENT, most words name no file.
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { HubError, messageOf, Secret } from '../base/index.ts';
import { looksLikeKey } from '../config/index.ts';
import { readOwnerKey } from '../hub/index.ts';

/** Where a key for every command stands. */
export const KEY_VARIABLE = 'MCP_HUB_API_KEY';

/** What `KEY_VARIABLE` holds; `undefined` when it is not set. */
export function keyFromEnvironment(env: NodeJS.ProcessEnv): Secret | undefined {
  const text = env[KEY_VARIABLE]?.trim() ?? '';
  return text === '' ? undefined : new Secret(text);
}

/** The key in a file, alone on its line. @throws HubError USAGE, which does not quote the file */
export async function keyFromFile(path: string): Promise<Secret> {
  if (looksLikeKey(basename(path)))
    throw new HubError('USAGE', '--api-key-file takes the name of a file, not the key itself. MCP_HUB_API_KEY takes a key.');
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new HubError('USAGE', `--api-key-file ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (/^[\x21-\x7e]+$/.test(text)) return new Secret(text);
  throw new HubError('USAGE', `--api-key-file ${path} holds something else than one key alone, in ASCII or UTF-8.`);
}

/** Where a command may find the key of a hub. */
export interface KeySources {
  /** Of this person's hubs. */
  readonly stateDir: string;
  /** Named on the command line: it comes before all else. */
  readonly named?: Secret | undefined;
  /** Of the environment: for hubs that have no key for this person's commands. */
  readonly fallback?: Secret | undefined;
}

/** The key that a command sends to a hub of process `pid`; `undefined` pid: one that is not this person's, or not in the list. */
export async function keyFor(pid: number | undefined, { stateDir, named, fallback }: KeySources): Promise<Secret | undefined> {
  if (named) return named;
  const own = pid === undefined ? undefined : await readOwnerKey(stateDir, pid);
  return own === undefined ? fallback : new Secret(own);
}

/** How a key is sent. */
export function keyHeaders(key: Secret | undefined): Readonly<Record<string, string>> {
  return key ? { authorization: `Bearer ${key.reveal()}` } : {};
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HubProcess } from '../hub-process.ts';
import { secrets, type Setting } from './setting.ts';

/** The API keys that are made while the hub is looked at, by who makes them. */
export const keyNames = ['keyOfCommand', 'keyOfCommandAsJson', 'keyOfRest', 'keyOfOwner'] as const;
export type KeyName = (typeof keyNames)[number];

/** The one place of a key that is made; elsewhere it is not to be found. */
export const SHOWN_ONCE = '(shown this once)';

/** What the keys are, as far as they were made. */
export class PlantedKeys {
  readonly #texts = new Map<KeyName, string>();

  /** What of a key is nobody's business, without its end: somebody may have cut it. */
  secretOf(name: KeyName): string {
    return this.of(name).slice('mcphub_00000000_'.length, -1);
  }

  /** @throws Error for a key that was not made yet */
  of(name: KeyName): string {
    const text = this.#texts.get(name);
    if (text === undefined) throw new Error(`There is no ${name} yet`);
    return text;
  }

  /** Takes a new key out of what shows it, once. @returns the rest @throws Error when it is not there, or more than once */
  take(name: KeyName, shown: string): string {
    const [key = ''] = /mcphub_\w+/.exec(shown) ?? [];
    const [before, after, ...more] = shown.split(key);
    if (key === '' || before === undefined || after === undefined || more.length > 0)
      throw new Error(`${name} is not shown once in ${shown}`);
    this.#texts.set(name, key);
    return before + SHOWN_ONCE + after;
  }
}

/** The file with the key for the commands of the person who runs the hub. */
export function ownerKeyFile({ folder }: Setting, { pid }: HubProcess): string {
  return join(folder, 'home/state/mcp-hub/owner-keys', String(pid));
}

export const readOwnerKeyFile = (setting: Setting, hub: HubProcess): Promise<string> => readFile(ownerKeyFile(setting, hub), 'utf8');

/** Requests that say a wrong key wherever a key can be said, and where none can. */
export function wrongRequests(): readonly { readonly path: string; readonly headers: Readonly<Record<string, string>> }[] {
  const { givenKey, wrongHubKey, wrongKey } = secrets;
  const right = { authorization: `Bearer ${givenKey}` };
  return [wrongHubKey, wrongKey].flatMap((key) => [
    { path: '/api/servers', headers: { authorization: `Bearer ${key}` } },
    { path: '/api/servers', headers: { 'x-api-key': key } },
    { path: '/mcp', headers: { authorization: `Bearer ${key}` } },
    { path: '/api/servers', headers: { authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` } },
    { path: `/api/servers?api_key=${key}`, headers: {} },
    { path: `/api/servers?api_key=${key}`, headers: right },
    { path: `/api/nowhere?api_key=${key}`, headers: right },
    { path: `/mcp?api_key=${key}`, headers: right },
    { path: '/api/servers', headers: { ...right, cookie: `key=${key}` } },
  ]);
}

/** Commands with a key, right or wrong, in a right or a wrong place; of hubs at `origin` and of none. */
export function keyCommands(keys: PlantedKeys, origin: string): readonly (readonly string[])[] {
  const at = ['--hub', origin];
  return [
    ['servers', ...at, '--api-key-file', 'wrong.key'],
    ['servers', ...at, '--api-key-file', 'two.key'],
    ['servers', ...at, '--api-key-file', 'given.key'],
    ['servers', '--hub', 'http://127.0.0.1:9', '--api-key-file', 'given.key'],
    ['doctor', ...at, '--config', 'c.json', '--api-key-file', 'given.key'],
    ['servers', ...at, '--api-key-file', keys.of('keyOfCommand')],
    ['--port', '0', '--config', 'c.json', '--api-key-file', 'two.key'],
    ['key', 'list'],
    ['key', 'list', '--json'],
    // Who means to revoke a key may have nothing of it but itself.
    ['key', 'revoke', secrets.wrongHubKey],
    ['key', 'revoke', keys.of('keyOfCommandAsJson').slice(0, -1)],
    ['key', 'create', secrets.wrongHubKey],
  ];
}

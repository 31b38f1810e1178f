import { closest, HubError } from '../../base/index.ts';
import { type ApiKey, newApiKey, type NewKey, readKeyText } from './api-key.ts';
import type { ApiKeyFile } from './key-file.ts';

/** Most keys at once: every one of them is looked at when the file changes. */
const MAX_KEYS = 1_000;

/**
 * Makes a key and keeps its hash. The text is given this once.
 *
 * @throws HubError VALIDATION_ERROR, ALREADY_EXISTS for a name that is taken, LIMIT_EXCEEDED, CONFIG_ERROR
 */
export async function createApiKey(
  file: ApiKeyFile,
  wanted: NewKey,
  nowMs: number,
): Promise<{ readonly key: ApiKey; readonly text: string }> {
  const made = newApiKey(wanted, nowMs);
  await file.change((keys) => {
    const same = keys.find(({ name, id }) => name === wanted.name || id === wanted.name || id === made.key.id);
    if (same) {
      const message = `There is a key ${JSON.stringify(wanted.name)} already (id ${same.id}). Revoke it first, or choose another name.`;
      throw new HubError('ALREADY_EXISTS', message, { details: { id: same.id, name: same.name } });
    }
    if (keys.length >= MAX_KEYS) throw new HubError('LIMIT_EXCEEDED', `There are ${MAX_KEYS} keys already. Revoke some first.`);
    return [...keys, made.key];
  });
  return made;
}

/**
 * Takes a key back, by its id or its name, or by itself: of a key that is found where it should not be, that is all there is.
 *
 * @throws HubError RESOURCE_NOT_FOUND, CONFIG_ERROR
 */
export async function revokeApiKey(file: ApiKeyFile, which: string): Promise<ApiKey> {
  const idOrName = readKeyText(which) ?? which;
  let revoked: ApiKey | undefined;
  await file.change((keys) => {
    revoked = keys.find(({ id }) => id === idOrName) ?? keys.find(({ name }) => name === idOrName);
    if (!revoked) throw unknownKey(idOrName, keys);
    return keys.filter((key) => key !== revoked);
  });
  if (revoked) return revoked;
  throw unknownKey(idOrName, []);
}

function unknownKey(idOrName: string, keys: readonly ApiKey[]): HubError {
  const near = closest(
    idOrName,
    keys.map(({ name }) => name),
  );
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`;
  const details = { key: idOrName, ...(near !== undefined && { closest: near }) };
  return new HubError('RESOURCE_NOT_FOUND', `There is no API key ${JSON.stringify(idOrName)}.${hint}`, { details });
}

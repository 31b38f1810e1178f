import { join } from 'node:path';
import { closest, HubError, hubPaths, messageOf, systemClock } from '../../base/index.ts';
import { type SealedContent, SealedFile } from '../sealed-file.ts';
import { type Keyring, KeyringError, systemKeyring } from './keyring.ts';

/** Where a secret is kept: by the operating system, or sealed in a file of the hub's. */
export type SecretPlace = 'keyring' | 'file';

/** A secret as it may be told of: no value. */
export interface StoredSecret {
  readonly name: string;
  readonly store: SecretPlace;
}

export interface SecretStoreOptions {
  readonly dataDir: string;
  readonly keyring: Keyring;
}

type Kept = { readonly store: 'keyring' } | { readonly store: 'file'; readonly value: string };

/** Names are written into placeholders, onto command lines and into the keyring: letters, digits, `_`, `.` and `-`. */
const NAME = /^[\w.-]{1,128}$/;

/**
 * The secrets that `mcp-hub secret` keeps for `${keyring:name}`. A sealed file knows all names; it holds the values that the keyring of
 * the operating system does not.
 */
export class SecretStore {
  readonly #file: SealedFile;
  readonly #keyring: Keyring;

  constructor({ dataDir, keyring }: SecretStoreOptions) {
    const path = join(dataDir, 'secrets.json');
    this.#file = new SealedFile({ path, keyFile: join(dataDir, 'key'), clock: systemClock, what: 'secrets' });
    this.#keyring = keyring;
  }

  /** All of them by name. @throws HubError CONFIG_ERROR when the file cannot be used */
  async list(): Promise<readonly StoredSecret[]> {
    const records = [...recordsOf(await this.#file.read())];
    return records.map(([name, { store }]) => ({ name, store })).toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /**
   * Its value.
   *
   * @throws HubError VALIDATION_ERROR when there is none of that name, CONFIG_ERROR when its place cannot be reached; the signal's reason
   */
  async get(name: string, signal?: AbortSignal): Promise<string> {
    const record = await this.#record(name);
    if (record.store === 'file') return record.value;
    const value = await this.#ask(name, () => this.#keyring.get(name, signal));
    if (value !== undefined) return value;
    throw new HubError(
      'CONFIG_ERROR',
      `The keyring of the system has lost the secret "${name}". Store it anew: mcp-hub secret set ${name}`,
    );
  }

  /**
   * Stores a value, in the place of an older one. Without `store` the keyring is tried first.
   *
   * @returns where it is kept, and why not in the keyring
   * @throws HubError VALIDATION_ERROR for a name that cannot be, CONFIG_ERROR
   */
  async set(name: string, value: string, store?: SecretPlace): Promise<{ readonly store: SecretPlace; readonly reason?: string }> {
    checkSecretName(name);
    const before = recordsOf(await this.#file.read()).get(name);
    const refusal = store === 'file' ? undefined : await this.#keep(name, value, store === 'keyring');
    const place = store ?? (refusal === undefined ? 'keyring' : 'file');
    await this.#write(name, place === 'file' ? { store: place, value } : { store: place });
    const leftover = place === 'file' && before?.store === 'keyring' ? await this.#forget(name) : undefined;
    const reason = refusal ?? leftover;
    return { store: place, ...(reason !== undefined && { reason }) };
  }

  /** Removes it. @throws HubError as {@link get} */
  async remove(name: string): Promise<SecretPlace> {
    const { store } = await this.#record(name);
    if (store === 'keyring') await this.#ask(name, () => this.#keyring.remove(name));
    await this.#write(name, undefined);
    return store;
  }

  /** Where it is kept. @throws HubError VALIDATION_ERROR when there is none of that name */
  async place(name: string): Promise<SecretPlace> {
    return (await this.#record(name)).store;
  }

  async #record(name: string): Promise<Kept> {
    checkSecretName(name);
    const records = recordsOf(await this.#file.read());
    const record = records.get(name);
    if (record) return record;
    const near = closest(name, [...records.keys()]);
    const guess = near === undefined ? '' : ` Did you mean "${near}"?`;
    throw new HubError('VALIDATION_ERROR', `No secret "${name}" is stored.${guess} Store it: mcp-hub secret set ${name}`);
  }

  #write(name: string, record: Kept | undefined): Promise<void> {
    return this.#file.change((content) => {
      const records = new Map<string, Kept>(recordsOf(content));
      if (record) records.set(name, record);
      else records.delete(name);
      return { secrets: Object.fromEntries(records) };
    });
  }

  /** @returns why the keyring did not take it */
  async #keep(name: string, value: string, isWanted: boolean): Promise<string | undefined> {
    try {
      await this.#keyring.set(name, value);
      return undefined;
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error;
      if (isWanted) throw unreachable(name, error);
      return error.message;
    }
  }

  /** @returns why the older value stays in the keyring */
  async #forget(name: string): Promise<string | undefined> {
    try {
      await this.#keyring.remove(name);
      return undefined;
    } catch (error) {
      return `its older value stays there: ${messageOf(error)}`;
    }
  }

  async #ask<T>(name: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw error instanceof KeyringError ? unreachable(name, error) : error;
    }
  }
}

/** The store of the user whose environment this is. @param dataDir default: the one that the environment says */
export function secretStore(env: NodeJS.ProcessEnv, dataDir: string = hubPaths(env).dataDir): SecretStore {
  return new SecretStore({ dataDir, keyring: systemKeyring(env) });
}

/** @throws HubError VALIDATION_ERROR */
export function checkSecretName(name: string): void {
  if (NAME.test(name)) return;
  throw new HubError('VALIDATION_ERROR', 'The name of a secret has 1 to 128 letters, digits, "_", "." and "-", and nothing else.');
}

function unreachable(name: string, { message }: KeyringError): HubError {
  const remedy = `Make it reachable where this runs, or keep the secret in a file: mcp-hub secret set ${name} --store file`;
  return new HubError('CONFIG_ERROR', `The keyring of the system cannot be used for the secret "${name}": ${message}. ${remedy}`);
}

function recordsOf({ secrets }: SealedContent): ReadonlyMap<string, Kept> {
  const records = new Map<string, Kept>();
  if (typeof secrets !== 'object' || secrets === null) return records;
  for (const [name, record] of Object.entries(secrets)) {
    if (typeof record !== 'object' || record === null) continue;
    if (record.store === 'keyring') records.set(name, { store: 'keyring' });
    else if (typeof record.value === 'string') records.set(name, { store: 'file', value: record.value });
  }
  return records;
}

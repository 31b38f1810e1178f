import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, HubError, lock, messageOf, systemClock } from '../../base/index.ts';
import { writeFileAtomically } from '../write-file.ts';
import { type ApiKey, isKeyScope } from './api-key.ts';

/** How long another process may hold the file before it is taken for dead, and how long to wait for one's turn, in milliseconds. */
const LOCK_STALE_MS = 30_000;
const LOCK_WAIT_MS = 10_000;

/** The keys of one person's hubs. @param dataDir as `hubPaths` has it */
export function apiKeyFile(dataDir: string): ApiKeyFile {
  return new ApiKeyFile({ path: join(dataDir, 'api-keys.json'), clock: systemClock });
}

export interface ApiKeyFileOptions {
  readonly path: string;
  readonly clock: Clock;
}

/**
 * The file of the API keys: mode 0600, hashes alone. Hubs and commands change it one at a time and replace it as a whole, so that
 * whoever reads it needs no lock.
 */
export class ApiKeyFile {
  readonly #options: ApiKeyFileOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ApiKeyFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Another text whenever the file is another one; empty when there is none. Takes a few microseconds. */
  stamp(): string {
    // What cannot be looked at, as in a folder that is closed, is found out by the reading.
    const stats = statSync(this.path, { throwIfNoEntry: false, bigint: true });
    return stats ? `${stats.ino} ${stats.mtimeNs} ${stats.size}` : '';
  }

  /** The keys, oldest first; none when there is no file. @throws HubError CONFIG_ERROR when it cannot be used */
  read(): readonly ApiKey[] {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw this.#unusable(messageOf(error));
    }
    return this.#parsed(text);
  }

  /**
   * Replaces the keys by what `edit` makes of them; when it gives back the same list, nothing is written.
   *
   * @throws HubError CONFIG_ERROR, TIMEOUT when another process does not let go of the file, and what `edit` throws
   */
  change(edit: (keys: readonly ApiKey[]) => readonly ApiKey[]): Promise<void> {
    const changing = this.#last.then(() => this.#change(edit));
    this.#last = changing.catch(() => {
      // Whoever asked for it hears of the failure.
    });
    return changing;
  }

  async #change(edit: (keys: readonly ApiKey[]) => readonly ApiKey[]): Promise<void> {
    const held = await lock({ dir: `${this.path}.lock`, clock: this.#options.clock, staleAfterMs: LOCK_STALE_MS }, LOCK_WAIT_MS);
    try {
      const before = this.read();
      const after = edit(before);
      if (after === before) return;
      await writeFileAtomically(this.path, `${JSON.stringify({ keys: after }, null, 2)}\n`, { isPrivate: true });
    } catch (error) {
      throw error instanceof HubError ? error : this.#unusable(messageOf(error));
    } finally {
      await held.release();
    }
  }

  #parsed(text: string): readonly ApiKey[] {
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch {
      // The parser's own message would quote the file.
      throw this.#unusable('it is not JSON');
    }
    const keys = typeof content === 'object' && content !== null && 'keys' in content ? content.keys : undefined;
    if (Array.isArray(keys) && keys.every(isApiKey)) return keys;
    throw this.#unusable('it holds something else than keys');
  }

  #unusable(reason: string): HubError {
    const message = `The file with the API keys, ${this.path}, cannot be used: ${reason}. Restore it, or move it away to begin anew.`;
    return new HubError('CONFIG_ERROR', message, { details: { file: this.path } });
  }
}

function isApiKey(value: unknown): value is ApiKey {
  if (typeof value !== 'object' || value === null) return false;
  const member = (name: keyof ApiKey): unknown => Reflect.get(value, name);
  const texts = (['id', 'name', 'hash', 'createdAt'] as const).every((name) => typeof member(name) === 'string');
  const scopes = member('scopes');
  const isScoped = Array.isArray(scopes) && scopes.every(isKeyScope);
  return texts && isScoped && /^[0-9a-f]{64}$/.test(String(member('hash'))) && isTime(member('expiresAt')) && isTime(member('lastUsedAt'));
}

/** A time that must be readable: one that is not would never be over. */
function isTime(time: unknown): boolean {
  return time === null || (typeof time === 'string' && !Number.isNaN(Date.parse(time)));
}

import { timingSafeEqual } from 'node:crypto';
import { type Clock, type Logger, messageOf } from '../../base/index.ts';
import { type ApiKey, type ApiKeyFile, fingerprintOf, type KeyScope, readKeyText } from '../../config/index.ts';

/** How long it may take until a key that was taken back is good for nothing, in milliseconds. */
const LOOK_EVERY_MS = 250;

/** A key as requests meet it: the same object for as long as the file is the same. */
interface Known {
  readonly id: string;
  readonly scopes: ReadonlySet<KeyScope>;
  readonly hash: Buffer;
  /** Milliseconds since the epoch. */
  readonly endsMs: number;
}

export interface KnownKeysOptions {
  readonly file: ApiKeyFile;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The keys of the file, ready for being compared. Whenever one is needed, and the last look is some time ago, the file is looked at anew,
 * so that a key which any hub or command has revoked is good for nothing, and a hub that nobody asks does nothing.
 */
export class KnownKeys {
  readonly #options: KnownKeysOptions;
  #byId: ReadonlyMap<string, Known> = new Map();
  /** Keys that were found right before: a key of a client comes with each of its requests. No more than there are keys. */
  readonly #seen = new Map<string, Known>();
  #stamp: string | undefined;
  /** The file could be read as it is. */
  #isSound = false;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: KnownKeysOptions) {
    this.#options = options;
  }

  /** The key of that text, if it is good now. */
  find(text: string): Known | undefined {
    const seen = this.#seen.get(text);
    // The file may have changed, and with it what was seen.
    if (seen && this.good(seen.id) === seen) return seen;
    const id = readKeyText(text);
    const key = id === undefined ? undefined : this.good(id);
    if (!key || !timingSafeEqual(key.hash, fingerprintOf(text))) return undefined;
    this.#seen.set(text, key);
    return key;
  }

  /** The key of that id, if it is good now. */
  good(id: string): Known | undefined {
    this.#look();
    // A key that nobody knows may have been made this moment.
    if (!this.#byId.has(id)) this.#look(true);
    const key = this.#byId.get(id);
    return key && key.endsMs > this.#options.clock.now() ? key : undefined;
  }

  /** Whether there surely is no such key, or none that is good: nothing is sure of a file that cannot be used. */
  isGone(id: string): boolean {
    return !this.good(id) && this.#isSound;
  }

  /** Looks at the file with the next key, however long ago the last look is. */
  forget(): void {
    this.#lookedMs = Number.NEGATIVE_INFINITY;
  }

  #look(isUrgent = false): void {
    const { clock, file, logger } = this.#options;
    const nowMs = clock.now();
    if (!isUrgent && Math.abs(nowMs - this.#lookedMs) < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    try {
      const stamp = file.stamp();
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      this.#seen.clear();
      this.#isSound = false;
      this.#byId = new Map(file.read().map((key) => [key.id, known(key)]));
      this.#isSound = true;
    } catch (error) {
      // The keys from before stay: a slip in an editor must lock nobody out.
      logger.error(`The API keys stay as they were: ${messageOf(error)}`, { code: 'CONFIG_ERROR', file: file.path });
    }
  }
}

function known({ id, scopes, hash, expiresAt }: ApiKey): Known {
  const endsMs = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  return { id, scopes: new Set(scopes), hash: Buffer.from(hash, 'hex'), endsMs };
}

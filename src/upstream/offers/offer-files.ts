import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../base/index.ts';
import type { Listing } from '../../catalog/index.ts';
import { writeFileAtomically } from '../../config/index.ts';
import type { Offers, StartableDefinition } from '../incarnation.ts';
import { definitionHash } from './definition-hash.ts';
import { offerIn, offerText } from './offer-text.ts';

/** An offer that is larger is not remembered, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Most offers that are remembered; those that were not seen for longest are forgotten first. */
const MAX_FILES = 200;

export interface OfferFilesOptions {
  /** Made when it is needed. */
  readonly folder: string;
  readonly logger: Logger;
  /** Default: 200. */
  readonly maxFiles?: number;
  /** Default: 4 MiB. */
  readonly maxBytes?: number;
  readonly fitness?: Fitness;
}

/** Which listings have nothing wrong with them: that is remembered too, as it takes long to find out. */
interface Fitness {
  /** Names the rules; what others have found is found out anew. */
  readonly rules: string;
  isFit(listing: Listing): boolean;
}

/**
 * What servers offered, one file each, under the hash of the definition that the server was started from: for the first lists
 * after a start of the hub, and while a server sleeps. It holds what servers told and nothing of the config; whatever is wrong
 * with a file, it is as if there were none.
 */
export class OfferFiles implements Offers {
  readonly #options: OfferFilesOptions;
  readonly #maxFiles: number;
  readonly #maxBytes: number;
  /** What is to be written, by hash: the newest of each. */
  readonly #pending = new Map<string, Listing>();
  /** The digests of what was written, by hash: the same is not written twice. */
  readonly #written = new Map<string, string>();
  #writing: Promise<void> | undefined;

  constructor(options: OfferFilesOptions) {
    this.#options = options;
    this.#maxFiles = options.maxFiles ?? MAX_FILES;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** Reads at once and not in the background, so that the first request after a start finds it. */
  recall(definition: StartableDefinition): Listing | undefined {
    const hash = definitionHash(definition);
    const waiting = this.#pending.get(hash);
    if (waiting) return waiting;
    try {
      const path = this.#pathOf(hash);
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.isFile() === true && found.size <= this.#maxBytes
        ? offerIn(readFileSync(path, 'utf8'), this.#options.fitness?.rules)
        : undefined;
    } catch (error) {
      this.#options.logger.debug(`What server "${definition.id}" offered could not be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  remember(definition: StartableDefinition, listing: Listing): void {
    this.#pending.set(definitionHash(definition), listing);
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    let failure: unknown;
    for (;;) {
      const [next] = this.#pending;
      if (!next) break;
      const [hash, listing] = next;
      try {
        await this.#write(hash, listing);
      } catch (error) {
        failure = error;
      }
      // Another one may have come meanwhile.
      if (this.#pending.get(hash) === listing) this.#pending.delete(hash);
    }
    if (failure === undefined) return;
    this.#options.logger.warn(`What servers offer cannot be remembered in ${this.#options.folder}: ${messageOf(failure)}`);
  }

  async #write(hash: string, listing: Listing): Promise<void> {
    const path = this.#pathOf(hash);
    const { fitness } = this.#options;
    const text = offerText(listing, fitness?.isFit(listing) === true ? fitness.rules : undefined);
    if (Buffer.byteLength(text) > this.#maxBytes) return rm(path, { force: true });
    const digest = createHash('sha256').update(text).digest('base64');
    if (this.#written.get(hash) === digest) return;
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    await writeFileAtomically(path, text);
    const now = new Date();
    await utimes(path, now, now);
    this.#noteWritten(hash, digest);
    await this.#forgetOldest();
  }

  #noteWritten(hash: string, digest: string): void {
    this.#written.delete(hash);
    this.#written.set(hash, digest);
    const [oldest] = this.#written.keys();
    if (this.#written.size > this.#maxFiles && oldest !== undefined) this.#written.delete(oldest);
  }

  async #forgetOldest(): Promise<void> {
    const { folder } = this.#options;
    const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    if (names.length <= this.#maxFiles) return;
    const files = await Promise.all(names.map(async (name) => ({ name, atMs: await changedAt(join(folder, name)) })));
    const old = files.toSorted((one, other) => other.atMs - one.atMs).slice(this.#maxFiles);
    await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
  }

  #pathOf(hash: string): string {
    return join(this.#options.folder, `${hash}.json`);
  }
}

/** 0 for a file that is gone: another hub forgets as well. */
async function changedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

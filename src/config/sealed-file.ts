import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Clock, HubError, lock, messageOf } from '../base/index.ts';
import { sealingKey } from './sealing-key.ts';
import { writeFileAtomically } from './write-file.ts';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Longest wait for another process that writes the same file, and for how long it is believed to be alive; in milliseconds. */
const LOCK_WAIT_MS = 5_000;
const LOCK_STALE_MS = 30_000;

export type SealedContent = Readonly<Record<string, unknown>>;

export interface SealedFileOptions {
  readonly path: string;
  /** The file of the key, see {@link sealingKey}. */
  readonly keyFile: string;
  readonly clock: Clock;
  /** What the file holds, for messages: "logins". */
  readonly what: string;
}

/**
 * A JSON object in a file that only its owner may read, sealed with AES-256-GCM, so that a copy of it alone (a backup, a synchronised
 * folder) tells nothing. A file from before it was sealed is read as it stands, and sealed by the next change; so is what a program that
 * knows of no seal has written beside it.
 */
export class SealedFile {
  readonly #options: SealedFileOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SealedFileOptions) {
    this.#options = options;
  }

  /** What it holds; nothing when it is not there. @throws HubError CONFIG_ERROR */
  async read(): Promise<SealedContent> {
    const text = await this.#text();
    if (text === undefined) return {};
    const { sealed, ...beside } = this.#parsed(text);
    if (typeof sealed === 'string') return { ...beside, ...this.#parsed(await this.#opened(sealed)) };
    return sealed === undefined ? beside : { ...beside, sealed };
  }

  /**
   * Replaces what it holds by what `edit` makes of it; where that is `undefined`, the file stays as it is. One change at a time, also
   * among processes.
   *
   * @throws HubError CONFIG_ERROR, TIMEOUT when another process does not let go of the file
   */
  change(edit: (content: SealedContent) => SealedContent | undefined): Promise<void> {
    const changing = this.#last.then(() => this.#change(edit));
    this.#last = changing.catch(() => {
      // Whoever asked for it hears of the failure.
    });
    return changing;
  }

  async #change(edit: (content: SealedContent) => SealedContent | undefined): Promise<void> {
    const { path, clock } = this.#options;
    const held = await lock({ dir: `${path}.lock`, clock, staleAfterMs: LOCK_STALE_MS }, LOCK_WAIT_MS);
    try {
      const content = edit(await this.read());
      if (content === undefined) return;
      const sealed = await this.#sealed(JSON.stringify(content));
      await writeFileAtomically(path, `${JSON.stringify({ sealed })}\n`, { isPrivate: true });
    } catch (error) {
      throw error instanceof HubError ? error : this.#unusable(messageOf(error));
    } finally {
      await held.release();
    }
  }

  async #text(): Promise<string | undefined> {
    try {
      return await readFile(this.#options.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw this.#unusable(messageOf(error));
    }
  }

  async #sealed(text: string): Promise<string> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, await sealingKey(this.#options.keyFile), iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(this.#place);
    return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  async #opened(sealed: string): Promise<string> {
    const { keyFile } = this.#options;
    const key = await sealingKey(keyFile);
    try {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(this.#place);
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
    } catch {
      // The reason is always the same, in words of OpenSSL's that say nothing.
      throw this.#unusable(`it was changed, or sealed under another key than that of ${keyFile}`);
    }
  }

  /** One sealed file cannot stand in the place of another. */
  get #place(): Buffer {
    return Buffer.from(basename(this.#options.path));
  }

  #parsed(text: string): SealedContent {
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch {
      // The parser's own message would quote secrets.
    }
    if (isContent(content)) return content;
    throw this.#unusable('it is not a JSON object');
  }

  #unusable(reason: string): HubError {
    const { path, what } = this.#options;
    const message = `The file with the ${what}, ${path}, cannot be used: ${reason}. Restore it, or move it away to begin anew.`;
    return new HubError('CONFIG_ERROR', message, { details: { file: path } });
  }
}

function isContent(value: unknown): value is SealedContent {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

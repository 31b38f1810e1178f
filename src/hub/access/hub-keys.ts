import { timingSafeEqual } from 'node:crypto';
import { type Clock, HubError, isHubError, isLoopbackHost, type Logger, messageOf, type Secret } from '../../base/index.ts';
import { type ApiKey, type ApiKeyFile, createApiKey, expiryOf, fingerprintOf, type KeyScope, revokeApiKey } from '../../config/index.ts';
import type { AccessKeys, KeyControl, KeyEntry } from '../../http/index.ts';
import { KeyUse } from './key-use.ts';
import { KnownKeys } from './known-keys.ts';
import { isOwnerKey, newOwnerKey, publishOwnerKey, withdrawOwnerKey } from './owner-key.ts';

const EVERYTHING: ReadonlySet<KeyScope> = new Set(['admin'] as const);

export interface HubKeysOptions {
  readonly file: ApiKeyFile;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stateDir: string;
  /** As in `--host`; absent where there is no port. */
  readonly host: string | undefined;
  /** Whether the person who started the hub wants a key for every request. */
  readonly requireKey: boolean;
  /** Whether the config wants it; asked anew for every request. */
  readonly isConfigured: () => boolean;
  /** A key that the person has given; it is kept nowhere. */
  readonly given: Secret | undefined;
  /** Whether there is somebody to whom a new key can be shown. */
  readonly mayShowKey: boolean;
}

/** Who may use the hub: its keys, and when one is needed (docs/security.md). */
export class HubKeys implements AccessKeys, KeyControl {
  readonly #options: HubKeysOptions;
  readonly #known: KnownKeys;
  readonly #use: KeyUse;
  readonly #isAlwaysNeeded: boolean;
  readonly #isOpenToOthers: boolean;
  readonly #given: Buffer | undefined;
  readonly #givenKey = { id: 'given', scopes: EVERYTHING };
  readonly #ownerKey = { id: 'owner', scopes: EVERYTHING, isOwner: true };
  #owner: { readonly text: string; readonly hash: Buffer } | undefined;

  constructor(options: HubKeysOptions) {
    const { given, host, requireKey } = options;
    this.#options = options;
    this.#known = new KnownKeys(options);
    this.#use = new KeyUse(options);
    this.#isOpenToOthers = host !== undefined && !isLoopbackHost(host);
    this.#isAlwaysNeeded = requireKey || this.#isOpenToOthers;
    this.#given = given && fingerprintOf(given.reveal());
  }

  get isNeeded(): boolean {
    return this.#isAlwaysNeeded || this.#options.isConfigured();
  }

  find(text: string): ReturnType<AccessKeys['find']> {
    if (this.#owner && isOwnerKey(text)) return timingSafeEqual(this.#owner.hash, fingerprintOf(text)) ? this.#ownerKey : undefined;
    const key = this.#known.find(text);
    if (key) this.#use.used(key.id);
    if (key) return key;
    return this.#given && timingSafeEqual(this.#given, fingerprintOf(text)) ? this.#givenKey : undefined;
  }

  isGood(id: string): boolean {
    return (id === this.#givenKey.id && this.#given !== undefined) || this.#known.good(id) !== undefined;
  }

  /**
   * Whether a principal is that of a key which is no more. Of one that the person gives at the start nobody knows whether it will be
   * given again.
   */
  isGone(principal: string): boolean {
    const [, id] = /^key:(.+)$/.exec(principal) ?? [];
    return id !== undefined && id !== this.#givenKey.id && this.#known.isGone(id);
  }

  /**
   * Whether the hub may start: one that others can reach needs a key, or somebody to show a new one to.
   *
   * @throws HubError USAGE, CONFIG_ERROR when the file of the keys cannot be used and one is needed
   */
  check(): void {
    if (!this.isNeeded) return;
    const isThere = this.#given !== undefined || this.#goodOnes().length > 0;
    if (isThere || !this.#isOpenToOthers || this.#options.mayShowKey) return;
    const message =
      `--host ${this.#options.host} opens the hub to other machines, which takes an API key, and there is none. Make one with ` +
      '"mcp-hub key create <name>", or set MCP_HUB_API_KEY, or name a file that holds one with --api-key-file. ' +
      'Only on a terminal the hub makes the first one itself, since whatever reads its output elsewhere would keep it.';
    throw new HubError('USAGE', message, { details: { host: this.#options.host } });
  }

  /**
   * Lets in the person whose hub it is, and makes the first key of a hub that others can reach, where there is none.
   *
   * @returns the key that was made, to be shown once
   */
  async open(): Promise<string | undefined> {
    await this.follow();
    if (!this.#isOpenToOthers || this.#given !== undefined || this.#goodOnes().length > 0) return undefined;
    return this.#makeFirst();
  }

  /** Does what the settings ask for now. Never rejects. */
  async follow(): Promise<void> {
    if (!this.isNeeded || this.#owner) return;
    const text = newOwnerKey();
    this.#owner = { text, hash: fingerprintOf(text) };
    const { logger, stateDir } = this.#options;
    try {
      await publishOwnerKey(stateDir, text);
    } catch (error) {
      logger.warn(`Commands on this machine need an API key too: their own could not be written: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.#use.close();
    if (this.#owner) await withdrawOwnerKey(this.#options.stateDir).catch(() => undefined);
  }

  list(): readonly KeyEntry[] {
    return this.#options.file.read().map(entryOf);
  }

  async create({ name, scopes, expires }: Parameters<KeyControl['create']>[0]): ReturnType<KeyControl['create']> {
    const { clock, file, logger } = this.#options;
    const nowMs = clock.now();
    const expiresAt = expires === undefined ? null : expiryOf(expires, nowMs);
    const { key, text } = await createApiKey(file, { name, scopes, expiresAt }, nowMs);
    this.#known.forget();
    logger.info('An API key was made', { id: key.id, name, scopes: key.scopes });
    return { text, key: entryOf(key) };
  }

  async revoke(idOrName: string): Promise<KeyEntry> {
    const { file, logger } = this.#options;
    const key = await revokeApiKey(file, idOrName);
    this.#known.forget();
    logger.info('An API key was revoked', { id: key.id, name: key.name });
    return entryOf(key);
  }

  #goodOnes(): readonly ApiKey[] {
    const nowMs = this.#options.clock.now();
    return this.#options.file.read().filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs);
  }

  async #makeFirst(): Promise<string | undefined> {
    const { clock, file } = this.#options;
    const nowMs = clock.now();
    const taken = new Set(file.read().map(({ name }) => name));
    const name = taken.has('first') ? `first of ${new Date(nowMs).toISOString()}` : 'first';
    try {
      return (await createApiKey(file, { name, scopes: ['admin'], expiresAt: null }, nowMs)).text;
    } catch (error) {
      // Another hub was faster, and shows it.
      if (isHubError(error, 'ALREADY_EXISTS')) return undefined;
      throw error;
    }
  }
}

function entryOf({ hash: _hash, ...entry }: ApiKey): KeyEntry {
  return entry;
}

import { createHash } from 'node:crypto';
import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import { type Clock, lock } from '../../base/index.ts';
import type { SealedFile } from '../../config/index.ts';
import { isObject } from '../../protocol/index.ts';

/** Whose login it is, and where. */
export interface LoginKey {
  readonly principal: string;
  readonly server: string;
  readonly url: string;
}

/** What is kept of the login at one authorization server. All of it is secret. */
export interface StoredLogin {
  readonly client?: StoredOAuthClientInformation;
  /** The callback address that the client was registered with. */
  readonly redirectUrl?: string;
  readonly tokens?: StoredOAuthTokens;
  /** The client that the tokens were given to. */
  readonly clientId?: string;
  /** When the tokens came, in milliseconds since the epoch. */
  readonly obtainedAtMs?: number;
  /** The resource that they are for (RFC 8707). */
  readonly resource?: string;
  /** What was asked for. */
  readonly scope?: string;
  /** Where the server describes its login, from its last challenge. */
  readonly metadataUrl?: string;
}

/** The logins of one person at one server. */
export interface StoredLogins {
  /** The authorization server whose tokens are in use. */
  readonly issuer?: string;
  readonly byIssuer: Readonly<Record<string, StoredLogin>>;
}

export interface LoginStoreOptions {
  readonly file: SealedFile;
  readonly path: string;
  readonly clock: Clock;
}

/** For how long another hub may renew a login, in milliseconds; after that it is taken for dead. */
const RENEWED_WITHIN_MS = 60_000;

/**
 * The file in which logins outlive the hub, sealed, and readable by its owner alone. They are known by person, server and address,
 * so that two accounts at one address do not meet, and by the authorization server that gave them. Entries of other programs in the file stay.
 */
export class LoginStore {
  readonly #options: LoginStoreOptions;

  constructor(options: LoginStoreOptions) {
    this.#options = options;
  }

  /** @throws HubError CONFIG_ERROR when the file is there and cannot be read */
  async load(key: LoginKey): Promise<StoredLogins> {
    return loginsIn(await this.#options.file.read(), key);
  }

  /** Changes the logins of one person at one server, whatever others have written meanwhile. @throws HubError CONFIG_ERROR, TIMEOUT */
  async change(key: LoginKey, edit: (logins: StoredLogins) => StoredLogins): Promise<StoredLogins> {
    let changed: StoredLogins = { byIssuer: {} };
    await this.#options.file.change((content) => {
      changed = edit(loginsIn(content, key));
      const { [formerKeyOf(key)]: _, ...rest } = content;
      return { ...rest, [keyOf(key)]: changed };
    });
    return changed;
  }

  /** Whose logins there are, and where. @throws HubError CONFIG_ERROR */
  async keys(): Promise<readonly LoginKey[]> {
    return Object.keys(await this.#options.file.read()).flatMap(readKey);
  }

  /** Nothing is left of the logins of one person at one server. @throws HubError CONFIG_ERROR, TIMEOUT */
  async remove(key: LoginKey): Promise<void> {
    await this.#options.file.change((content) => {
      const { [keyOf(key)]: _, ...rest } = content;
      return rest;
    });
  }

  /**
   * Does `work` while no other hub does the same for this login: a refresh token is good for one use.
   *
   * @throws HubError TIMEOUT when another one takes too long
   */
  async exclusively<T>(key: LoginKey, work: () => Promise<T>): Promise<T> {
    const { path, clock } = this.#options;
    const name = createHash('sha256').update(keyOf(key)).digest('hex').slice(0, 16);
    const held = await lock({ dir: `${path}.renewing-${name}`, clock, staleAfterMs: RENEWED_WITHIN_MS }, RENEWED_WITHIN_MS);
    try {
      return await work();
    } finally {
      await held.release();
    }
  }
}

function keyOf({ principal, server, url }: LoginKey): string {
  return JSON.stringify([principal, server, url]);
}

/** What {@link keyOf} has made; entries of other programs have other names. */
function readKey(text: string): readonly LoginKey[] {
  if (!text.startsWith('[')) return [];
  try {
    const [principal, server, url]: unknown[] = JSON.parse(text);
    const isOwn = typeof principal === 'string' && typeof server === 'string' && typeof url === 'string';
    return isOwn ? [{ principal, server, url }] : [];
  } catch {
    // Expected: SyntaxError, of a name that another program gave.
    return [];
  }
}

/** Before logins were kept by person and issuer: one login under the server's name and address. */
function formerKeyOf({ server, url }: LoginKey): string {
  return `${server} ${url}`;
}

function loginsIn(content: Readonly<Record<string, unknown>>, key: LoginKey): StoredLogins {
  const found = content[keyOf(key)];
  if (isLogins(found)) return found;
  const former = key.principal === 'local' ? content[formerKeyOf(key)] : undefined;
  const issuer = isLogin(former) ? (former.tokens?.issuer ?? former.client?.issuer) : undefined;
  return isLogin(former) && issuer !== undefined ? { issuer, byIssuer: { [issuer]: former } } : { byIssuer: {} };
}

function isLogins(value: unknown): value is StoredLogins {
  return isObject(value) && isObject(value['byIssuer']) && Object.values(value['byIssuer']).every(isLogin);
}

function isLogin(value: unknown): value is StoredLogin {
  return isObject(value) && ['client', 'tokens'].every((key) => value[key] === undefined || isObject(value[key]));
}

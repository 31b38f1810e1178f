import { createHash } from 'node:crypto';
import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import { type Clock, HUB_OWNER, lock } from '../../base/index.ts';
import type { SealedFile } from '../../config/index.ts';
import { isObject } from '../../protocol/index.ts';
import { formerLogin, isFormerEntry } from './former-login.ts';

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
  /** A login of 4.x, which kept no issuer. It is in use where there is no {@link issuer}, until it is renewed or another one takes its place. */
  readonly unbound?: StoredLogin;
}

/** The login whose tokens are in use. */
export function currentOf({ issuer, byIssuer, unbound }: StoredLogins): StoredLogin | undefined {
  return issuer === undefined ? unbound : byIssuer[issuer];
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
 * so that two accounts at one address do not meet, and by the authorization server that gave them. Entries of other programs in the file stay;
 * those of 4.x go to the first login at their address that has something to write.
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
      const before = loginsIn(content, key);
      changed = edit(before);
      // A registration alone is nothing to keep: 4.x, which may be gone back to until somebody logs in, cannot read what is sealed.
      if (isAs4xLeftIt(content) && !hasTokens(before) && !hasTokens(changed)) return undefined;
      const former = key.principal === HUB_OWNER ? formerKeysOf(key).filter((name) => isTakenOver(content[name])) : [];
      const rest = Object.fromEntries(Object.entries(content).filter(([name]) => !former.includes(name)));
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

/** How it was called when one login was kept under the server's name and address, and in 4.x under the address alone. */
function formerKeysOf({ server, url }: LoginKey): readonly string[] {
  return [`${server} ${url}`, url];
}

function loginsIn(content: Readonly<Record<string, unknown>>, key: LoginKey): StoredLogins {
  const found = content[keyOf(key)];
  if (key.principal !== HUB_OWNER) return isLogins(found) ? found : { byIssuer: {} };
  const [byName, byUrl] = formerKeysOf(key).map((name) => content[name]);
  const logins = isLogins(found) ? found : loginsOf(byName);
  if (hasTokens(logins)) return logins;
  const unbound = formerLogin(byUrl);
  return { byIssuer: logins.byIssuer, ...(unbound && { unbound }) };
}

/** What was kept by name and address. */
function loginsOf(former: unknown): StoredLogins {
  const issuer = isLogin(former) ? (former.tokens?.issuer ?? former.client?.issuer) : undefined;
  return isLogin(former) && issuer !== undefined ? { issuer, byIssuer: { [issuer]: former } } : { byIssuer: {} };
}

function isTakenOver(entry: unknown): boolean {
  return formerLogin(entry) !== undefined || currentOf(loginsOf(entry)) !== undefined;
}

function hasTokens(logins: StoredLogins): boolean {
  return currentOf(logins)?.tokens !== undefined;
}

/** Nothing of this hub's own is in the file. */
function isAs4xLeftIt(content: Readonly<Record<string, unknown>>): boolean {
  const entries = Object.entries(content);
  return entries.some(([, entry]) => isFormerEntry(entry)) && entries.every(([name]) => readKey(name).length === 0);
}

function isLogins(value: unknown): value is StoredLogins {
  if (!isObject(value) || !isObject(value['byIssuer'])) return false;
  const { byIssuer, unbound = {} } = value;
  return [...Object.values(byIssuer), unbound].every(isLogin);
}

function isLogin(value: unknown): value is StoredLogin {
  return isObject(value) && ['client', 'tokens'].every((key) => value[key] === undefined || isObject(value[key]));
}

import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import type { SealedFile } from '../../config/index.ts';

/** What is kept of the login at one server. All of it is secret. */
export interface StoredLogin {
  readonly client?: StoredOAuthClientInformation;
  /** The callback address that the client was registered with. */
  readonly redirectUrl?: string;
  readonly tokens?: StoredOAuthTokens;
  /** When the tokens came, in milliseconds since the epoch. */
  readonly obtainedAtMs?: number;
}

/**
 * The file in which logins outlive the hub, sealed, and readable by its owner alone. Logins are known by the server's name and its
 * address, so that two accounts at one address do not meet; entries of other programs in the file stay.
 */
export class LoginStore {
  readonly #file: SealedFile;

  constructor(file: SealedFile) {
    this.#file = file;
  }

  /** @throws HubError CONFIG_ERROR when the file is there and cannot be read */
  async load(server: string, url: string): Promise<StoredLogin> {
    const found = (await this.#file.read())[keyOf(server, url)];
    return isStored(found) ? found : {};
  }

  /** Changes one login. One change at a time. @throws HubError CONFIG_ERROR */
  save(server: string, url: string, login: StoredLogin): Promise<void> {
    return this.#file.change((content) => ({ ...content, [keyOf(server, url)]: login }));
  }
}

/** A login without a part that is worth nothing any more. */
export function without({ client, redirectUrl, tokens, obtainedAtMs }: StoredLogin, scope: 'all' | 'client' | 'tokens'): StoredLogin {
  return {
    ...(scope === 'tokens' && client && { client }),
    ...(scope === 'tokens' && redirectUrl !== undefined && { redirectUrl }),
    ...(scope === 'client' && tokens && { tokens }),
    // Without it, those that were refused would pass for newer ones for as long as they stand in the file.
    ...(scope !== 'all' && obtainedAtMs !== undefined && { obtainedAtMs }),
  };
}

function keyOf(server: string, url: string): string {
  return `${server} ${url}`;
}

function isStored(value: unknown): value is StoredLogin {
  return isContent(value) && ['client', 'tokens'].every((key) => value[key] === undefined || isContent(value[key]));
}

function isContent(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

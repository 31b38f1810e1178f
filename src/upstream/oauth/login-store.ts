import { readFile } from 'node:fs/promises';
import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';
import { HubError, messageOf } from '../../base/index.ts';
import { writeFileAtomically } from '../../config/index.ts';

/** What is kept of the login at one server. All of it is secret. */
export interface StoredLogin {
  readonly client?: StoredOAuthClientInformation;
  /** The callback address that the client was registered with. */
  readonly redirectUrl?: string;
  readonly tokens?: StoredOAuthTokens;
  /** When the tokens came, in milliseconds since the epoch. */
  readonly obtainedAtMs?: number;
}

type Content = Record<string, unknown>;

/**
 * The file in which logins outlive the hub, readable by its owner alone. Logins are known by the server's name and its
 * address, so that two accounts at one address do not meet; entries of other programs in the file stay.
 */
export class LoginStore {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws HubError CONFIG_ERROR when the file is there and cannot be read */
  async load(server: string, url: string): Promise<StoredLogin> {
    const found = (await this.#read())[keyOf(server, url)];
    return isStored(found) ? found : {};
  }

  /** Changes one login. One change at a time. @throws HubError CONFIG_ERROR */
  save(server: string, url: string, login: StoredLogin): Promise<void> {
    const saving = this.#last.then(() => this.#change(keyOf(server, url), login));
    this.#last = saving.catch(() => {
      // Whoever asked for it hears of the failure.
    });
    return saving;
  }

  async #change(key: string, login: StoredLogin): Promise<void> {
    await this.#write({ ...(await this.#read()), [key]: login });
  }

  async #read(): Promise<Content> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
      throw this.#unusable(messageOf(error));
    }
    try {
      const content: unknown = JSON.parse(text);
      if (isContent(content)) return content;
    } catch {
      // The parser's own message would quote secrets.
    }
    throw this.#unusable('it is not a JSON object');
  }

  async #write(content: Content): Promise<void> {
    try {
      await writeFileAtomically(this.#path, `${JSON.stringify(content, null, 2)}\n`, { isPrivate: true });
    } catch (error) {
      throw this.#unusable(messageOf(error));
    }
  }

  #unusable(reason: string): HubError {
    const message = `The file with the logins, ${this.#path}, cannot be used: ${reason}. Mend it or move it away, and log in again.`;
    return new HubError('CONFIG_ERROR', message, { details: { file: this.#path } });
  }
}

function keyOf(server: string, url: string): string {
  return `${server} ${url}`;
}

function isContent(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStored(value: unknown): value is StoredLogin {
  return isContent(value) && ['client', 'tokens'].every((key) => value[key] === undefined || isContent(value[key]));
}

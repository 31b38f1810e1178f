import { HubError, toHubError } from '../../base/index.ts';
import { notRun } from '../not-run.ts';

/**
 * Sees what comes of the refreshes among the requests of one exchange with an authorization server. One that got no answer, or one that
 * says nothing about the token (429, 5xx), leaves the login as good as it was: only the answer of an authorization server that
 * refuses the token makes a person log in again (RFC 6749, section 5.2).
 */
export class RefreshWatch {
  readonly #send: typeof fetch;
  #outage: Error | undefined;

  constructor(send: typeof fetch) {
    this.#send = send;
  }

  /** Why the last refresh came to nothing, where that was not for its token. */
  get outage(): Error | undefined {
    return this.#outage;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    if (!isRefresh(init?.body)) return this.#send(input, init);
    try {
      const response = await this.#send(input, init);
      const { status } = response;
      this.#outage = status === 429 || status >= 500 ? new Error(`The authorization server answered HTTP ${status}.`) : undefined;
      return response;
    } catch (error) {
      this.#outage = toHubError(error, 'CONNECTION_ERROR');
      throw error;
    }
  };
}

function isRefresh(body: unknown): boolean {
  const params = typeof body === 'string' ? new URLSearchParams(body) : body;
  return params instanceof URLSearchParams && params.get('grant_type') === 'refresh_token';
}

/** Whether an exchange failed without a word about the login itself. */
export async function isOutage(error: unknown): Promise<boolean> {
  const { OAuthError } = await import('@modelcontextprotocol/client');
  return !(error instanceof OAuthError);
}

/** A login is over and could not be renewed, and nobody has said that it is worth nothing any more. */
export function loginKept(server: string, reason: string, cause: unknown): HubError {
  const message = `The login at server "${server}" could not be renewed: ${/[.!?]$/.test(reason) ? reason : `${reason}.`} It is kept, and renewed later.`;
  return notRun(new HubError('CONNECTION_ERROR', message, { cause, details: { server } }));
}

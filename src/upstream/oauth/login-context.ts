import { HubError } from '../../base/index.ts';
import type { LoginSettings } from './login-settings.ts';

/** What every step of a login at one server needs. */
export interface LoginContext {
  /** The server's name. */
  readonly server: string;
  /** Its address, resolved. */
  readonly url: string;
  readonly settings: LoginSettings;
  /** The way to the server's metadata and to authorization servers: bounded, and not into the hub's own network. */
  readonly fetch: typeof fetch;
  /** In milliseconds since the epoch. */
  now(): number;
  redact(text: string): string;
  /** What is good for one use is sent now. @throws HubError SHUTTING_DOWN when nobody would take the answer */
  spend(): void;
}

/** There can be no login, for a reason that a person can mend. `words` follow `Server "x"`. */
export function loginRefused({ server, redact }: LoginContext, words: string, cause?: unknown): HubError {
  return new HubError('UNAUTHORIZED', redact(`Server "${server}" ${words}`), {
    details: { server },
    ...(cause !== undefined && { cause }),
  });
}

/** There is nothing to begin. */
export function alreadyLoggedIn(server: string): HubError {
  return new HubError('VALIDATION_ERROR', `Server "${server}" is logged in already; nothing is to be done.`, { details: { server } });
}

/** A login was asked for, and no page for it can be had. @param reason a sentence */
export function noneCanBegin(server: string, reason: string, cause?: unknown): HubError {
  const message = `No login at server "${server}" can be begun: ${reason}`;
  return new HubError('CONNECTION_ERROR', message, { details: { server }, ...(cause !== undefined && { cause }) });
}

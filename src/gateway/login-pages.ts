import type { CancelSignal } from '../base/index.ts';
/** What the gateway needs to know of logins at remote servers. The hub has them. */
export interface LoginPages {
  /** The page on which a person logs in at that server; a new one where none is open, `undefined` where none is to be had. Never rejects. */
  page(server: string): Promise<string | undefined>;
  /** How many logins at that server have ended well. */
  count(server: string): number;
  /**
   * Resolves when somebody has logged in at that server, or when it is on its way for another reason: it runs, or was stopped.
   *
   * @throws HubError UNAUTHORIZED when the login was refused, and what `signal` was aborted with
   */
  over(server: string, signal: CancelSignal): Promise<void>;
}

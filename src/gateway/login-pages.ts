import type { CancelSignal } from '../base/index.ts';
/** One login: at which server, and whose. */
export interface LoginPlace {
  readonly server: string;
  /** The principal; the owner of the hub where all share one login. */
  readonly principal: string;
}

/** What the gateway needs to know of logins at remote servers. The hub has them. */
export interface LoginPages {
  /** The page on which a person logs in there; a new one where none is open, `undefined` where none is to be had. Never rejects. */
  page(place: LoginPlace): Promise<string | undefined>;
  /** How many logins there have ended well. */
  count(place: LoginPlace): number;
  /**
   * Resolves when somebody has logged in there, or when the server is on its way for another reason: it runs, or was stopped.
   *
   * @throws HubError UNAUTHORIZED when the login was refused, and what `signal` was aborted with
   */
  over(place: LoginPlace, signal: CancelSignal): Promise<void>;
}

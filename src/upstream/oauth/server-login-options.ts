import type { Clock, Fetch, Logger } from '../../base/index.ts';
import type { Exchanges } from './exchanges.ts';
import type { LoginRoads } from './login-fetch.ts';
import type { LoginSettings } from './login-settings.ts';
import type { LoginStore } from './login-store.ts';

/** How long a login page may be open until the login must be begun anew, in milliseconds. */
export const PENDING_FOR_MS = 10 * 60_000;
/** How long an authorization server that could not renew a login is left alone, in milliseconds. */
export const OUTAGE_MS = 5_000;

export interface ServerLoginOptions {
  readonly principal: string;
  readonly server: string;
  /** Of the MCP server, resolved. */
  readonly url: string;
  readonly settings: LoginSettings;
  readonly store: LoginStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly exchanges: Exchanges;
  /** The way to authorization servers. Default: Node's own `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Where a login may lead; asked for every request. */
  readonly roads?: () => LoginRoads;
  /** Where the authorization server sends the browser back to; asked when a login begins. @throws HubError UNAUTHORIZED */
  readonly redirectUrl: () => string;
  /** Makes that address answer until the login ends, where it is not the hub's own. */
  readonly awaitCallback: (url: string, state: string, withinMs: number) => Promise<void>;
}

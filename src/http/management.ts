import type { ApiKey, ConfigChanges, KeyScope } from '../config/index.ts';
import type { EventFeed } from './event-feed.ts';

/**
 * What the REST routes need of the hub; the composition root implements it. Every method throws a HubError for what a caller
 * did wrong; the table of errors gives it its HTTP status.
 */
export interface Management {
  readonly events: EventFeed;
  readonly servers: ServerControl;
  readonly config: ConfigControl;
  readonly marketplace: Marketplace;
  readonly logins: Logins;
  readonly keys: KeyControl;
  /** The body of `GET /api/health`, but for `connections` and `activeClients`, which the routes know themselves. */
  health(): Promise<object>;
  /** The hubs that run, by port. */
  workspaces(): Promise<Readonly<Record<string, object>>>;
  /**
   * Reads the config files again, restarts the servers whose definition changed and starts those that are down; resolves when their
   * first attempts have ended, or `startupWait` is over.
   *
   * @returns what the files say now that they did not say before
   */
  restart(): Promise<ConfigChanges>;
  /** Ends the process soon after it returns; whoever owns it starts it again. */
  hardRestart(): void;
}

/** One server, in the fields that clients of the management API read (docs/rest-api.md). */
export interface ServerObject {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly transportType: 'stdio' | 'sse';
  readonly status: 'connected' | 'connecting' | 'disconnected' | 'unauthorized' | 'disabled';
  readonly error: string | null;
  readonly capabilities: Readonly<Record<'tools' | 'resources' | 'resourceTemplates' | 'prompts', readonly object[]>>;
  /** Seconds. */
  readonly uptime: number;
  /** ISO 8601. */
  readonly lastStarted: string | null;
  readonly authorizationUrl: string | null;
  /** Whether whoever asks is logged in there; `null` where all share one login. */
  readonly loggedIn: boolean | null;
  /** What the server says of itself: `name`, `version`, … */
  readonly serverInfo: object | null;
  /** The `--config` string, verbatim. */
  readonly config_source: string;
}

/** A process or address of a server that a restart has not made new. */
export interface NotRenewed {
  /** Counted from 1; 1 for that of a server which has no others. */
  readonly replica: number;
  /** `connected`: it goes on as it was. */
  readonly status: ServerObject['status'];
  readonly reason: string;
}

/** Each method but {@link all} throws SERVER_NOT_FOUND for a name that is not configured. */
export interface ServerControl {
  /** In the order of the config. */
  all(): readonly ServerObject[];
  get(name: string): ServerObject;
  /**
   * Starts it, and enables it in its config file when it is disabled there; resolves when its first attempt has ended, also with
   * the question for a login. @throws HubError what the attempt failed with; it is tried again all the same
   */
  start(name: string): Promise<ServerObject>;
  /** Stops it; with `disable` it is disabled in its config file too. */
  stop(name: string, options: { readonly disable: boolean }): Promise<ServerObject>;
  /** Resolves when the first attempts have ended, or after a minute. @throws HubError CONFLICT for a disabled one */
  restart(name: string): Promise<{ readonly server: ServerObject; readonly notRenewed: readonly NotRenewed[] }>;
  /** Asks it anew for everything it offers. @throws HubError SERVER_NOT_CONNECTED */
  refresh(name: string): Promise<ServerObject>;
  refreshAll(): Promise<readonly ServerObject[]>;
  /** The last lines of its standard error, oldest first. */
  log(name: string): readonly { readonly atMs: number; readonly text: string }[];
  /** The names of the variables that its process gets, and where each comes from; values are redacted. */
  environment(name: string): Promise<readonly { readonly name: string; readonly value: string; readonly from: string }[]>;
}

export interface ConfigEditOptions {
  /** The etag that the entry's file must still have. @see ConfigControl.entry */
  readonly ifMatch?: string | undefined;
  /** Checks and answers as if it were done, and does nothing. */
  readonly dryRun?: boolean | undefined;
  /** Asked for from another machine: the address that is written must be out in the world, and stay there (`publicOnly`). */
  readonly isFromElsewhere?: boolean | undefined;
}

export interface ConfigEditResult {
  /** The `--config` string of the file that was, or would be, written. */
  readonly file: string;
  /** Of the file as it is after the change. */
  readonly etag: string;
  /** The server after the change; absent when it was removed or nothing was done. */
  readonly server?: ServerObject | undefined;
  /** Unified diff of the file; literal secrets in it are masked. */
  readonly diff: string;
}

/** Throws VALIDATION_ERROR, SERVER_NOT_FOUND, ALREADY_EXISTS (a server of that name), PRECONDITION_FAILED (`ifMatch`), CONFIG_ERROR. */
export interface ConfigControl {
  /** The entry as it stands in its file, with literal secrets masked. */
  entry(name: string): Promise<{ readonly entry: object; readonly file: string; readonly etag: string }>;
  /** Adds a server to `file`, one of the `--config` strings; without it, to the last one. */
  add(name: string, entry: object, options: ConfigEditOptions & { readonly file?: string | undefined }): Promise<ConfigEditResult>;
  /** JSON Merge Patch (RFC 7396) of the entry: `null` removes a key. */
  change(name: string, patch: object, options: ConfigEditOptions): Promise<ConfigEditResult>;
  remove(name: string, options: ConfigEditOptions): Promise<ConfigEditResult>;
}

export interface MarketplaceQuery {
  readonly search?: string | undefined;
  readonly category?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly sort?: 'newest' | 'stars' | 'name' | undefined;
}

/** Throws MARKETPLACE_ERROR when there is no data at all, RESOURCE_NOT_FOUND for an unknown id. */
export interface Marketplace {
  list(query: MarketplaceQuery): Promise<{ readonly servers: readonly object[]; readonly warning?: string | undefined }>;
  details(id: string): Promise<{ readonly server: object; readonly readmeContent: string | null }>;
}

/** OAuth logins at remote servers. */
export interface Logins {
  /** Whether that principal has a login of its own at a server, and does not share that of the hub's owner. */
  hasOwn(name: string, principal: string): boolean;
  /** A server as that principal sees it: with the state of its own login, where it has one. @throws HubError CONFIG_ERROR */
  seenBy(principal: string, server: ServerObject): Promise<ServerObject>;
  /**
   * Begins the login of a principal, or that which all share.
   *
   * @param options `openBrowser`: whether its page may be shown on the hub's own screen
   * @throws HubError SERVER_NOT_FOUND, VALIDATION_ERROR when the server asks for none
   */
  authorize(
    name: string,
    options: { readonly principal: string; readonly openBrowser: boolean },
  ): Promise<{ readonly authorizationUrl: string }>;
  /**
   * Forgets the login of a principal at a server, or that which all share; a login is needed again after that.
   *
   * @returns `revoked`: whether the authorization server has taken the tokens back
   * @throws HubError SERVER_NOT_FOUND, VALIDATION_ERROR when the server has no login
   */
  logOut(name: string, principal: string): Promise<{ readonly revoked: boolean }>;
  /** Ends a login with what the authorization server appended to the callback address. @throws HubError VALIDATION_ERROR, UNAUTHORIZED */
  finish(params: URLSearchParams): Promise<{ readonly server: string; readonly message: string }>;
}

/** The API keys, hashes left out. Throws CONFIG_ERROR when their file cannot be used. */
export interface KeyControl {
  list(): readonly KeyEntry[];
  /**
   * Makes a key; its text is given this once.
   *
   * @param wanted `expires`: as `90d` or `2027-01-31`
   * @throws HubError VALIDATION_ERROR, ALREADY_EXISTS, LIMIT_EXCEEDED
   */
  create(wanted: {
    readonly name: string;
    readonly scopes: readonly KeyScope[];
    readonly expires: string | undefined;
  }): Promise<{ readonly text: string; readonly key: KeyEntry }>;
  /** By id or name. @throws HubError RESOURCE_NOT_FOUND */
  revoke(idOrName: string): Promise<KeyEntry>;
}

export type KeyEntry = Omit<ApiKey, 'hash'>;

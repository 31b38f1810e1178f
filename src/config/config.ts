/**
 * The configuration as the hub uses it: one frozen value, made by `loadConfig` from the files, replaced as a whole and
 * never changed in place. Strings still hold their placeholders; they are resolved once per launch
 * (docs/architecture.md, "definition → launch → connection").
 */
export interface HubConfig {
  readonly servers: readonly ServerDefinition[];
  readonly settings: HubSettings;
  /** The files that were asked for, in order, verbatim. */
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** What the files say, merged, as it stands there: for showing it, which `maskConfig` makes fit for others' eyes. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What stood in each file that was there, by the name of the file. */
  readonly texts: ReadonlyMap<string, string>;
  /** Another one whenever a file has another content. */
  readonly digest: string;
}

/** Settings that concern the hub and not one server. */
export interface HubSettings {
  /** Most characters in an exposed tool or prompt name. */
  readonly maxToolNameLength: number;
  /** How long a first request waits for servers that are still starting, in milliseconds. */
  readonly startupWaitMs: number;
  /** Largest accepted request body, in bytes. */
  readonly maxBodyBytes: number;
  /** How long an unused legacy session is kept, in milliseconds. */
  readonly sessionIdleTimeoutMs: number;
  /** Most legacy sessions kept at once. */
  readonly maxSessions: number;
  /** How long calls in flight may go on when the hub stops, in milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** Host names other than the loopback ones that requests may carry in `Host` and `Origin`. */
  readonly allowedHosts: readonly string[];
  /** Patterns of host names that servers may be at; any when it is empty. */
  readonly allowedUpstreamHosts: readonly string[];
  /** Names, addresses and networks of reverse proxies. */
  readonly trustedHosts: readonly string[];
  /** Whether requests need an API key: `auto`, when other machines can reach the hub. */
  readonly auth: 'auto' | 'keys';
  /** Only what the files set; the rest comes from the environment. */
  readonly marketplace: MarketplaceSettings;
}

/** The registries that servers are found in; `false` leaves one out. */
export interface MarketplaceSettings {
  readonly registryUrl?: string | false | undefined;
  readonly officialUrl?: string | false | undefined;
  /** Most servers of the official registry in an unfiltered list. */
  readonly officialLimit?: number | undefined;
  /** Where raw files of GitHub repositories are. */
  readonly readmeUrl?: string | false | undefined;
}

/**
 * What a server has and the hub does not offer, by the server's own names, URIs and templates; kinds without any are left
 * out.
 */
export type DisabledItems = Readonly<Partial<Record<'tools' | 'prompts' | 'resources' | 'resourceTemplates', readonly string[]>>>;

/** How many requests of clients a server works on at once, and what becomes of the others. */
export interface QueueLimits {
  readonly maxConcurrency: number;
  /** Most that wait. */
  readonly maxQueue: number;
  /** How long one waits, in milliseconds. */
  readonly queueTimeoutMs: number;
}

/** Time limits of one tool; what is absent is as for the others. */
export interface ToolTimeouts {
  readonly requestTimeoutMs?: number;
  readonly totalTimeoutMs?: number;
}

interface DefinitionBase {
  /** The key in the config file; the server's name everywhere. */
  readonly id: string;
  /** Shown to people instead of `id`. */
  readonly displayName?: string;
  readonly description?: string;
  readonly disabled: boolean;
  /** Time for start, handshake and first listing, in milliseconds. */
  readonly initTimeoutMs: number;
  /** Time for one request, in milliseconds; progress restarts it. */
  readonly requestTimeoutMs: number;
  /** Time for one request with all its progress, in milliseconds. Absent: ten times its other limit. */
  readonly totalTimeoutMs?: number;
  /** By the server's own names of its tools. Absent when none has limits of its own. */
  readonly toolTimeouts?: Readonly<Record<string, ToolTimeouts>>;
  /** Absent when it works on as many requests as come. */
  readonly queue?: QueueLimits;
  /** Largest message that is read from it, in bytes. Absent: 64 MiB. */
  readonly maxMessageBytes?: number;
  /** The longest silence before it is asked whether it is there, in milliseconds; 0 for never. Absent: 30 s for a remote server, never for a local one. */
  readonly pingIntervalMs?: number;
  /** How clients share its connections; matters only for servers of the legacy era. */
  readonly isolation: 'auto' | 'shared' | 'session';
  /** Most connections to it beside the one that all clients share. */
  readonly maxConnections: number;
  /** When it is started; `eager` when absent. */
  readonly start?: 'eager' | 'lazy' | 'manual';
  /** After how long without a call it is put to sleep, in milliseconds; never when absent. */
  readonly idleTimeoutMs?: number;
  /** Whether its successor is started before it ends; `overlap` when absent. */
  readonly restart?: 'overlap' | 'stop-first';
  /** Absent when everything is offered. */
  readonly disabledItems?: DisabledItems;
  /** Where the definition stands: the `--config` string, verbatim. */
  readonly source: string;
  /** The errors that keep this one server from starting. */
  readonly errors: readonly Diagnostic[];
}

/** One server as configured, before its placeholders are resolved. */
export interface StdioDefinition extends DefinitionBase {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** `null` and `""` take the value of the same name from the environment. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly envFile?: string;
  readonly cwd?: string;
  readonly dev?: DevDefinition;
  /** How many processes of it share the calls; one when absent. */
  readonly replicas?: number;
}

export interface RemoteDefinition extends DefinitionBase {
  readonly kind: 'remote';
  readonly url: string;
  /** All addresses that share the calls, `url` the first of them. Absent when there is one. */
  readonly urls?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | null>>;
  /** `sse` skips the attempt at Streamable HTTP. */
  readonly transport: 'auto' | 'http' | 'sse';
  /** Names of client's headers that are handed on to it, in lower case; `x-*` stands for all that begin so. Absent for none. */
  readonly forwardHeaders?: readonly string[];
  /** Whether it may only be at addresses that are open to the world; `false` says that its login may lead into the own network. */
  readonly publicOnly?: boolean;
  /** How the hub logs in; `false` for not at all. Absent: as the server says. */
  readonly oauth?: OAuthDefinition | false;
}

/** How the hub logs in at a remote server, before placeholders are resolved. What is absent is found out. */
export interface OAuthDefinition {
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly clientMetadataUrl?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** The only authorization server that is used. */
  readonly issuer?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly callbackPort?: number | undefined;
  readonly grantType?: 'authorization_code' | 'client_credentials' | undefined;
  readonly privateKey?: string | undefined;
  readonly signingAlgorithm?: string | undefined;
  /** PKCE is taken to be supported where nothing is said of it. */
  readonly assumePkce?: boolean | undefined;
  /** Whether all who use the hub go by one login, that of its owner, which is the default, or each principal by its own. */
  readonly logins?: 'shared' | 'each' | undefined;
}

/** A broken entry: reported, listed, never started. */
export interface InvalidDefinition extends DefinitionBase {
  readonly kind: 'invalid';
  /** It has an address and no command. */
  readonly isRemote?: true;
}

export type ServerDefinition = StdioDefinition | RemoteDefinition | InvalidDefinition;

export interface DevDefinition {
  readonly enabled: boolean;
  readonly watch: readonly string[];
  readonly cwd: string;
}

/** Something to say about a place in a config file. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** `mcpServers.github.args[2]`; empty for the whole file. */
  readonly keyPath: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** The server the place belongs to. */
  readonly serverId?: string;
}

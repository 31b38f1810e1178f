import type { CancelSignal, HubError } from '../base/index.ts';
import type { CacheHint, Listing, ServerIdentity } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { Era, JsonObject, ListKind, NotificationMessage, Outcome, RpcError, ServerRequest } from '../protocol/index.ts';
import type { ClientHeaders } from './forwarded-headers.ts';
import type { Supervision } from './history.ts';
import type { EnvironmentName } from './launch-environment.ts';
import type { ListHealth } from './lists/list-health.ts';
import type { Circuit } from './replicas/circuit-breaker.ts';
import type { Called } from './sharing/asking-tools.ts';

/** The downstream that a request is made for, as far as an upstream may know of it. */
export interface Origin {
  /** Whose call it is; nothing of one principal's may reach another. */
  readonly principalId: string;
  /**
   * The client's session; calls of one session are calls of one client. Absent in the modern era: every call is a client of its
   * own, except that the requests of one task are one client's, whose session is the hub's own making.
   */
  readonly sessionId?: string | undefined;
  /** Era of the downstream client; the upstream's own may differ. */
  readonly era: Era;
  /** Passed on to a modern upstream; a legacy one knows the hub only. */
  readonly clientInfo?: JsonObject | undefined;
  /** What the client can be asked for; a modern upstream is told and may answer `input_required`. */
  readonly clientCapabilities?: JsonObject | undefined;
  readonly logLevel?: string | undefined;
  /** The headers of the client's request; a server gets of them what its entry says and no more. */
  readonly headers?: ClientHeaders | undefined;
  /** The hub itself sees a task through for a client that knows of none: it is the hub that declares the extension (SEP-2663). */
  readonly runsTasks?: boolean | undefined;
}

export interface AskOptions {
  /** Gets the progress that the client reports on its answer, with the token that the server put into its request. */
  readonly tell?: ((progress: NotificationMessage) => void) | undefined;
  /** The question may be for another call of the same client, so the end of this one does not take it back. */
  readonly outlivesCall?: boolean | undefined;
  /** Takes back the whole call, as its own signal does. */
  readonly takeBack?: ((reason: HubError) => void) | undefined;
}

/**
 * Asks the client of a call something that its server wants to know, and brings back its answer or an error that says why
 * there is none; never rejects. The signal takes the question back, and so does the end of the call.
 */
export type AskClient = (request: ServerRequest, signal: CancelSignal, options?: AskOptions) => Promise<Outcome>;

/** One request to an upstream: original names, the caller's params and `_meta` as they came (progress token included). */
export interface UpstreamRequest {
  readonly method: string;
  readonly params?: JsonObject | undefined;
  readonly origin: Origin;
  /** Aborting takes the request back: the upstream is told in the way of its era, its connection stays. */
  readonly signal: CancelSignal;
  /** Overrides the definition's `requestTimeout`, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Whether progress restarts that time; `true` unless said otherwise. */
  readonly resetOnProgress?: boolean | undefined;
  /** The most that it may take with all its progress, in milliseconds; ten times `timeoutMs` unless said otherwise. */
  readonly maxTotalMs?: number | undefined;
  /** Told of every notification that belongs to this request, before its outcome: progress with its own token, log messages. */
  readonly onNotification?: ((notification: NotificationMessage) => void) | undefined;
  /**
   * Asked what a legacy upstream asks of the client while it works on this request; never rejects. The signal takes the
   * question back. While one is open, the time limits of the request stand still. Absent when the client cannot be asked.
   */
  readonly onRequest?: AskClient | undefined;
  /** Known to make the server ask something; set inside of this room. */
  readonly asks?: boolean | undefined;
  /** Another replica can take it: it is not to wait for the next connection of this one. Set inside of this room. */
  readonly hasOtherPlaces?: boolean | undefined;
}

/** An upstream's answer, in its own words and in the shape of its own era. */
export interface UpstreamAnswer {
  readonly era: Era;
  readonly outcome: Outcome;
}

/** Facts that a live connection tells on its own account. */
export interface ConnectionEvents {
  /** The offer changed; `listing` is the new whole one, fetched already. */
  listing: Listing;
  /** A list could not be fetched anew that matters: one that had something in it, or that of the tools. */
  listFailed: HubError;
  /** A `notifications/resources/updated` for a subscribed resource. */
  resourceUpdated: { readonly uri: string; readonly notification: NotificationMessage };
  /** A `notifications/tasks` for a watched task, under the server's own id. */
  taskChanged: { readonly taskId: string; readonly notification: NotificationMessage };
  /** A `notifications/message`, or a notification of a legacy server that the hub does not know, that belongs to no request in flight. */
  logMessage: NotificationMessage;
  /**
   * The server asked something without saying for which call, and this is one that it may have been for. Told before the
   * question is answered.
   */
  asked: Called;
  /** Something for one session that belongs to no call of it any more. */
  forSession: { readonly sessionId: string; readonly notification: NotificationMessage };
  /** {@link Connection.degraded} begins or ends to say something. */
  degraded: undefined;
  /** The link is gone; nothing comes after this. */
  closed: HubError;
}

/** Resources that a server was to tell of and does not, with its words. */
export type RefusedResources = ReadonlyMap<string, RpcError>;

/** One live link to one upstream: one incarnation. After `closed` it is dead for good and a new one is made. */
export interface Connection {
  readonly identity: ServerIdentity;
  /** `true` when the server was too slow to say its era, so that it may be another one the next time. */
  readonly isEraGuessed?: boolean;
  /** Why it is in doubt although the link stands: the server answered no ping for a while. */
  readonly degraded?: string | undefined;
  /** The whole offer at the time of the handshake, or later. */
  readonly listing: Listing;
  /** What is wrong with its lists. */
  readonly listHealth?: ListHealth | undefined;
  /** How often the server said that its resources changed; what was read before then is not to be used again. */
  readonly resourceChanges: number;
  /** How long and for whom one of its lists may be cached from now on; `undefined` for a list that it does not have. */
  listHint(kind: ListKind): CacheHint | undefined;
  /**
   * Fetches a list again if it is stale (spec 2026-07-28 server/utilities/caching). Resolves when it is there, or when the
   * old one has to do: within five seconds. Never rejects; `undefined` when there is nothing to wait for.
   */
  freshen(kind: ListKind): Promise<void> | undefined;
  /** Fetches every list anew; resolves when what could be had is in {@link listing}. Never rejects. */
  refresh(): Promise<void>;
  /**
   * Sends one request and waits for the answer. An error that the upstream answered is an outcome; a failure of
   * the link is thrown.
   *
   * @throws HubError TIMEOUT, CANCELLED, CONNECTION_ERROR, UPSTREAM_EXITED, UNAUTHORIZED, UPSTREAM_PROTOCOL
   */
  request(request: UpstreamRequest): Promise<UpstreamAnswer>;
  /** Sends a client's notification to a legacy server as it is; one that cannot be delivered is lost, as notifications are. */
  notify(notification: NotificationMessage): void;
  /**
   * The URIs that somebody wants `resources/updated` of, as a whole; the connection works out the difference. Resolves with those that
   * the server does not tell of; each is asked for again when nobody has wanted it meanwhile, or by another connection.
   */
  setSubscribedResources(uris: ReadonlySet<string>): Promise<RefusedResources>;
  /**
   * The tasks that somebody wants `notifications/tasks` of, as a whole (SEP-2663). Resolves with those that the server
   * agreed to tell of; a server without the extension agrees to none.
   */
  setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>>;
  /**
   * The finest log level anybody wants of a legacy upstream; `undefined` leaves it to the server, or to `info` once one
   * was set. Clients that never set a level are not sent what is finer than `info` from then on.
   */
  setLogLevel(level: string | undefined): Promise<void>;
  /** The roots that this connection is given outside of calls are others now; a server that has asked for them is told. */
  rootsChanged(): void;
  /** Ends it in an orderly way; what is in flight fails with `reason`. Idempotent. */
  close(reason?: HubError): Promise<void>;
}

/**
 * The roots of one session, or of all that a server serves together when none is named. Resolves within a few seconds and
 * never rejects.
 */
export type RootsSource = (sessionId: string | undefined) => Promise<readonly JsonObject[]>;

/** The state of one upstream: everything that is known of it, in one value (docs/architecture.md, "Rules of life"). */
export type UpstreamState =
  | { readonly kind: 'disabled' }
  /** With `lazy` or `idle` it is asleep, and its next call wakes it; with `manual` it waits for somebody to start it. */
  | { readonly kind: 'stopped'; readonly reason?: 'lazy' | 'idle' | 'manual' }
  | { readonly kind: 'starting'; readonly sinceMs: number; readonly attempt: number; readonly last?: HubError }
  | { readonly kind: 'ready'; readonly sinceMs: number; readonly tookMs: number; readonly identity: ServerIdentity }
  | { readonly kind: 'auth-required'; readonly error: HubError }
  | { readonly kind: 'backoff'; readonly untilMs: number; readonly attempt: number; readonly last: HubError }
  | { readonly kind: 'failed'; readonly error: HubError }
  | { readonly kind: 'stopping' };

/** A line of a server's standard error, with the time it came. */
export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

/** One of several processes or addresses of a server. */
export interface ReplicaFacts {
  /** Counted from 1. */
  readonly number: number;
  readonly state: UpstreamState;
  /** As of {@link Supervision}. */
  readonly lastError: Supervision['lastError'];
  /** Why it is in doubt while it is ready. */
  readonly degraded?: string | undefined;
  /** Requests on their way there, those that wait for their turn included. */
  readonly inFlight: number;
  /** `open` while it is left out because its calls failed, `half-open` when a single call is to find out. */
  readonly circuit: Circuit;
}

/** The requests of clients that a server has at the moment; those about tasks, which never wait, are not counted. */
export interface Load {
  /** Sent, or on their way to a server that is just starting, and not answered yet. */
  readonly running: number;
  /** Not sent, because `maxConcurrency` run already. */
  readonly waiting: number;
}

/** One upstream as others see it. */
export interface Upstream {
  readonly id: string;
  /** As it is now in the config. */
  readonly definition: ServerDefinition;
  readonly state: UpstreamState;
  /** What the server said of itself (`name`, `version`, …); `undefined` while there is no connection. */
  readonly serverInfo: object | undefined;
  /** Why it is in doubt while it is ready; `undefined` when it is not. */
  readonly degraded?: string | undefined;
  readonly load: Load;
  /** How it has fared since the hub runs. */
  readonly supervision: Supervision;
  /** Each of its replicas; `undefined` when there is one only. */
  readonly replicas?: readonly ReplicaFacts[] | undefined;
  /**
   * The last known offer, also while the upstream restarts or sleeps, and before its first start one that an earlier hub has seen.
   * Complete: what the definition disables is in it.
   */
  readonly listing: Listing | undefined;
  /** What is wrong with its lists as a whole, a line each: not to be had, or not complete. */
  readonly listNotes?: readonly string[] | undefined;
  /** As {@link Connection.listHint}; not fresh while there is no connection. */
  listHint(kind: ListKind): CacheHint | undefined;
  /** As {@link Connection.freshen}; without a connection the last known offer has to do. */
  freshen(kind: ListKind): Promise<void> | undefined;
  /**
   * Another value whenever what was read of its resources is not to be used again: they changed, or it is another
   * connection. `undefined` while there is none.
   */
  readonly resourceEpoch: string | undefined;
  /**
   * @throws HubError SERVER_NOT_CONNECTED when it is not ready in time (it waits at most what is left of
   * `startupWait`), else as {@link Connection.request}.
   */
  request(request: UpstreamRequest): Promise<UpstreamAnswer>;
  /** As {@link Connection.notify}, to where the calls of that session go; lost while there is no connection. */
  notify(notification: NotificationMessage, sessionId: string): void;
  /** Resolves when it is ready; one that is asleep is woken for that. @throws HubError as {@link request}, when it does not come about in time */
  ready(signal: CancelSignal): Promise<void>;
  /** Why a request would be refused right now, in words; `undefined` when it is ready. */
  unavailable(): HubError | undefined;
  /** Resolves once the first start attempt has ended either way, or `startupWait` is over. Never rejects. */
  settled(signal: CancelSignal): Promise<void>;
  /** As {@link Connection.setSubscribedResources}; `undefined` when there is no connection. The next one is told then. */
  setSubscribedResources(uris: ReadonlySet<string>): Promise<RefusedResources | undefined>;
  setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>>;
  setLogLevel(level: string | undefined): Promise<void>;
  /** Where the roots come from that the server asks for outside of any call. Until it is set there are none. */
  setRootsSource(source: RootsSource): void;
  /** What {@link RootsSource} would say of that session, or of all together, is something else now. */
  rootsChanged(sessionId: string | undefined): void;
  /** The session is over: connections of its own end. */
  endSession(sessionId: string): void;
  /** Starts it when it is asleep, at once when it takes its time to start, and does nothing otherwise. */
  wake(): void;
  /** Starts it now, also when it is stopped, waits for its next attempt, failed or needed a login. Does nothing while it starts or runs, but for a changed entry that did not become ready, which is tried again; one that stops is started after that, unless it is stopped again. */
  start(): void;
  /** Stops it until the next {@link start}; resolves when all of it is gone, within a few seconds. Idempotent, never rejects. */
  stop(): Promise<void>;
  /**
   * Starts it anew with its present definition, also when it is down; what it offered is offered until its new listing is there.
   * One that is ready goes on until its successor is, and then finishes its calls; if the successor does not become ready, it
   * stays, and {@link supervision} says why. With `"restart": "stop-first"` it is stopped first. Resolves when the first attempt
   * has ended either way, and never rejects. One that has not started anything yet serves all who ask meanwhile;
   * {@link stop} outranks it.
   */
  restart(): Promise<void>;
  /**
   * The login of a principal is gone, or another one: the connections that carry it end, with a `reason` at once, else with their
   * last call. Concerns only principals with a login of their own here. Resolves when those ended at once are gone; never rejects.
   */
  endLogin(principalId: string, reason?: HubError): Promise<void>;
  /**
   * Asks anew for everything that it offers. A list that cannot be had stays as it was.
   *
   * @throws HubError SERVER_NOT_CONNECTED when it is down or goes down meanwhile, TIMEOUT after its `requestTimeout`
   */
  refresh(): Promise<void>;
  /** Last lines of standard error, also of a process that is gone; empty for remote upstreams. */
  stderrTail(): readonly LogLine[];
  /** The variables that its process was given at its last start; empty for remote upstreams and before the first start. */
  readonly environmentNames: readonly EnvironmentName[];
  /** Lines on standard output that were no JSON-RPC, since the start of the process. */
  readonly noiseCount: number;
}

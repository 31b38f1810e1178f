import type { CancelSignal, HubError } from '../base/index.ts';
import type { Era, JsonObject, LoggingLevel, NotificationMessage, Outcome } from '../protocol/index.ts';
import type { AskClient, Origin } from '../upstream/index.ts';

/** Which part of the offer an endpoint shows: everything, or one server with its own names. */
export type Scope = { readonly kind: 'all' } | { readonly kind: 'server'; readonly id: string };

/** Who calls. Constant until the hub knows more than one (issue: authentication). */
export interface Principal {
  readonly id: string;
}

/** The client side of one call. */
export interface Downstream {
  readonly principal: Principal;
  /**
   * The session that the call belongs to. Absent in the modern era, where nothing ties one request to another: there every
   * call is a client of its own.
   */
  readonly sessionId?: string | undefined;
  readonly era: Era;
  readonly protocolVersion: string;
  readonly clientInfo?: JsonObject | undefined;
  readonly clientCapabilities?: JsonObject | undefined;
  /** Modern: from the request's `_meta`. Legacy: what the session set. */
  readonly logLevel?: LoggingLevel | undefined;
}

/** One request on its way through the hub. Every request of every road is one of these (docs/architecture.md). */
export interface Call {
  readonly scope: Scope;
  readonly method: string;
  /** As the client sent them: exposed names, its `_meta`, its progress token. */
  readonly params?: JsonObject | undefined;
  readonly downstream: Downstream;
  /** Of the request that it came with; absent where the transport has none. */
  readonly headers?: Origin['headers'];
  /** Aborts when the client takes the call back; never once it is answered. */
  readonly signal: CancelSignal;
  /** Overrides the server's `requestTimeout`, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Whether progress restarts that time; `true` unless said otherwise. */
  readonly resetOnProgress?: boolean | undefined;
  /** The most that it may take with all its progress, in milliseconds. */
  readonly maxTotalMs?: number | undefined;
  /** Told of notifications that belong to this call, before it answers. */
  notify(notification: NotificationMessage): void;
  /** Asks the very client that made the call. Absent when the client cannot be sent requests: in the modern era there are none. */
  readonly ask?: AskClient | undefined;
}

/** The answer to a call, in the shape of the era it was made in. The downstream adapter turns it into its client's. */
export interface Answer {
  readonly outcome: Outcome;
  /** Era of the upstream that answered; of the client for a list, which is kept in the shape of each; `hub` when the hub itself did, in modern shape. */
  readonly era: Era | 'hub';
  /** What went wrong, when it was the hub that could not get an answer; the outcome says the same to a client of MCP. */
  readonly failure?: HubError;
  /** It was got with input of the client, which is no part of the request: not to be cached (spec 2026-07-28 server/utilities/caching). */
  readonly afterInput?: boolean;
}

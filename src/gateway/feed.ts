import type { ChangeKind, LoggingLevel, NotificationMessage, Outcome } from '../protocol/index.ts';
import type { Principal, Scope } from './call.ts';

/** Somebody who wants to be told of changes: a legacy session, or one modern `subscriptions/listen`. */
export interface FeedOptions {
  readonly scope: Scope;
  readonly principal: Principal;
  /** The `list_changed` notifications it wants. */
  readonly changes: ReadonlySet<ChangeKind>;
  /** Whether log messages that belong to no call go here: legacy sessions only. */
  readonly logs: boolean;
  /** The session it is of; absent for a modern listener. When the feed ends, so does all that servers keep for the session. */
  readonly sessionId?: string | undefined;
  /**
   * Asks the client for its roots, outside of any call; an error when it cannot be reached. Never rejects. Absent when the client
   * did not declare that it has roots.
   */
  readonly askRoots?: ((signal: AbortSignal) => Promise<Outcome>) | undefined;
  /** Takes one notification; names and URIs are the exposed ones. Must not throw and must not wait. */
  send(notification: NotificationMessage): void;
}

/** The gateway's end of a feed. Disposing it takes back its subscriptions and its log level. */
export interface Feed {
  /**
   * Wants `notifications/resources/updated` of an exposed URI; wakes its server when it is asleep, and waits for it as a call does.
   * A refusal (unknown URI, upstream cannot, or is down) is an error outcome, in the server's words when they are its own. The wish
   * of a modern listener at a server that is down is kept all the same.
   */
  subscribe(uri: string): Promise<Outcome>;
  unsubscribe(uri: string): Promise<Outcome>;
  /**
   * Wants `notifications/tasks` of these exposed task ids, in place of those before; resolves with the ones that their
   * servers agreed to tell of (SEP-2663 "Task Status Notifications").
   */
  watchTasks(taskIds: readonly string[]): Promise<readonly string[]>;
  /** Sets the finest level of log messages wanted here, and asks the upstreams in scope for it. */
  setLogLevel(level: LoggingLevel): Promise<void>;
  /** The client says that its roots are others now. */
  rootsChanged(): void;
  /** The client can be asked for its roots from now on. */
  reachable(): void;
  dispose(): void;
}

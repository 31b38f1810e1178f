import type { HeaderParam, NotificationMessage } from '../protocol/index.ts';
import type { Answer, Call, Scope } from './call.ts';
import type { Feed, FeedOptions } from './feed.ts';

/** What the downstream adapters stand on. */
export interface Gateway {
  /**
   * The only road for a call: lists, `server/discover`, `tools/call`, `prompts/get`, `resources/read`,
   * `completion/complete`, and on a one-server scope every other method too. Never rejects: a failure is an error
   * outcome (or, for `tools/call` to a server that is down, a result with `isError`).
   */
  call(call: Call): Promise<Answer>;
  attach(options: FeedOptions): Feed;
  /**
   * Passes on a legacy client's notification that the hub does not know: to the one server of an endpoint, if that is a
   * legacy one. On the merged endpoint nothing says whose it is, and the modern era has no such notifications.
   */
  notify(scope: Scope, notification: NotificationMessage, sessionId: string): void;
  /** Whether a server of that id is configured (for `/mcp/<server>`). */
  hasServer(id: string): boolean;
  /** The id of a server that `id`, which none has, was most likely meant to be. */
  serverLike(id: string): string | undefined;
  /** The `x-mcp-header` declarations of a tool, `undefined` for an unknown one (spec 2026-07-28 streamable-http, "Server Behavior for Custom Headers"). */
  headerParams(scope: Scope, toolName: string): readonly HeaderParam[] | undefined;
}

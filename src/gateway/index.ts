import type { HeaderParam } from '../protocol/index.ts';
import type { Answer, Call, Scope } from './call.ts';
import type { Feed, FeedOptions } from './feed.ts';

export type { Answer, Call, Downstream, Handler, Policy, Principal, Scope } from './call.ts';
export type { Feed, FeedOptions } from './feed.ts';

/** What the downstream adapters stand on. */
export interface Gateway {
  /**
   * The only road for a call: lists, `server/discover`, `tools/call`, `prompts/get`, `resources/read`,
   * `completion/complete`, and on a one-server scope every other method too. Never rejects: a failure is an error
   * outcome (or, for `tools/call` to a server that is down, a result with `isError`).
   */
  call(call: Call): Promise<Answer>;
  attach(options: FeedOptions): Feed;
  /** Whether a server of that id is configured (for `/mcp/<server>`). */
  hasServer(id: string): boolean;
  /**
   * The `Mcp-Param-*` headers that a modern `tools/call` of this exposed tool must carry, by the schema that was listed;
   * `undefined` when the tool is not known. Without this method no such header is checked.
   */
  headerParams?(scope: Scope, toolName: string): readonly HeaderParam[] | undefined;
}

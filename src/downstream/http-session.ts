import { randomUUID } from 'node:crypto';
import type { Scope } from '../gateway/index.ts';
import type { Context } from './context.ts';
import type { EventBudget } from './event-store.ts';
import { Session } from './session.ts';
import { SessionStreams } from './session-streams.ts';

/** A session of Streamable HTTP: its streams outlive their connections. */
export interface HttpSession {
  readonly session: Session;
  readonly streams: SessionStreams;
}

export function createHttpSession(scope: Scope, context: Context, budget: EventBudget): HttpSession {
  const session = new Session(randomUUID(), scope, context);
  const streams = new SessionStreams({
    id: session.id,
    clock: context.clock,
    budget,
    version: () => session.version,
    onTouch: () => session.touch(),
  });
  session.listenOn(streams.standalone);
  return { session, streams };
}

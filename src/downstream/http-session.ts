import { randomUUID } from 'node:crypto';
import type { Context } from './context.ts';
import type { EventBudget } from './event-store.ts';
import { type Owner, Session } from './session.ts';
import { SessionStreams } from './session-streams.ts';

/** A session of Streamable HTTP: its streams outlive their connections. */
export interface HttpSession {
  readonly session: Session;
  readonly streams: SessionStreams;
}

export function createHttpSession(owner: Owner, context: Context, budget: EventBudget): HttpSession {
  const id = randomUUID();
  const streams = new SessionStreams({
    id,
    clock: context.clock,
    budget,
    version: () => session.version,
    onConnection: (stream, isOpen) => {
      session.heard();
      if (stream !== streams.standalone) return;
      if (isOpen) session.listenOn(stream);
      else session.stopListening(stream);
    },
  });
  const session = new Session(id, owner, context, streams.standalone);
  return { session, streams };
}

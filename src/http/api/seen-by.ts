import type { Caller } from '../auth/access.ts';
import type { Management, ServerObject } from '../management.ts';

/** Servers as whoever asks sees them. */
export function seenBy({ principal }: Caller, { logins }: Management): (server: ServerObject) => Promise<ServerObject> {
  return (server) => logins.seenBy(principal.id, server);
}

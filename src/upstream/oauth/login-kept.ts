import { HubError } from '../../base/index.ts';
import { notRun } from '../not-run.ts';

/** A login is over and could not be renewed, and nobody has said that it is worth nothing any more. */
export function loginKept(server: string, reason: string, cause: unknown): HubError {
  const message = `The login at server "${server}" could not be renewed: ${/[.!?]$/.test(reason) ? reason : `${reason}.`} It is kept, and renewed later.`;
  return notRun(new HubError('CONNECTION_ERROR', message, { cause, details: { server } }));
}

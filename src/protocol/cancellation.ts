import { HubError, isHubError } from '../base/index.ts';
import type { JsonObject } from './envelope.ts';

/** What becomes of a request that its sender took back with `notifications/cancelled`. The sender's reason goes on with it. */
export function cancelledBy({ reason }: JsonObject = {}): HubError {
  return new HubError('CANCELLED', 'The sender took the request back.', typeof reason === 'string' ? { details: { reason } } : {});
}

/** The reason that the sender of a request gave when it took it back, from what its signal was aborted with; `undefined` for none. */
export function givenReason(abortedWith: unknown): string | undefined {
  const reason = isHubError(abortedWith, 'CANCELLED') ? abortedWith.details['reason'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}

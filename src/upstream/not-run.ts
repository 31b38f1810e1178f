import { HubError, isHubError } from '../base/index.ts';

/**
 * The same error, for a request that provably did not run: it never left the hub, or the server refused it before it looked at
 * what it asks for. `details.ran` is `false` then; an error without that may have run.
 */
export function notRun(error: HubError): HubError {
  return new HubError(error.code, error.message, { details: { ...error.details, ran: false }, cause: error.cause });
}

/** Whether the request that failed with this error may be sent again, whatever it does. */
export function provablyNotRun(error: unknown): boolean {
  return isHubError(error) && error.details['ran'] === false;
}

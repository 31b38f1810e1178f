import { HubError, isHubError } from '../base/index.ts';

/**
 * The same error, for a request that provably did not run: it never left the hub, or the server refused it before it looked at
 * what it asks for. `details.ran` is `false` then; an error without that may have run.
 */
export function notRun(error: HubError): HubError {
  return new HubError(error.code, error.message, { details: { ...error.details, ran: false }, cause: error.cause });
}

/**
 * The error `given` for a request that waited to be sent until it was given up. Where its time was over, and the server had taken no
 * connection all the while, that is what went wrong.
 */
export function neverSent(given: HubError, refusal: HubError | undefined): HubError {
  if (given.code !== 'TIMEOUT' || !refusal) return notRun(given);
  const { timeoutMs, setting } = given.details;
  const message = `${refusal.message} It was tried again and again for ${String(timeoutMs)} ms (${String(setting)}).`;
  return notRun(new HubError(given.code, message, { details: { ...given.details, ...refusal.details }, cause: refusal }));
}

/** Whether the request that failed with this error may be sent again, whatever it does. */
export function provablyNotRun(error: unknown): boolean {
  return isHubError(error) && error.details['ran'] === false;
}

const MAY_HAVE_RUN = 'It may have run; call again if that is safe.';

/** The same error for a tool call that had been sent, and says so: whoever calls again must not do a thing twice unknowingly. */
export function mayHaveRun(error: HubError): HubError {
  if (provablyNotRun(error) || error.message.endsWith(MAY_HAVE_RUN)) return error;
  return new HubError(error.code, `${error.message} The call had been sent. ${MAY_HAVE_RUN}`, {
    details: error.details,
    cause: error.cause,
  });
}

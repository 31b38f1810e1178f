import { HubError, isHubError } from '../base/index.ts';

/** Whether a request failed for want of a login only, so that it can be sent once there is one: it did not run. */
export function needsLogin(error: unknown): error is HubError {
  if (isHubError(error, 'UNAUTHORIZED')) return error.details['ran'] === false;
  return isHubError(error, 'SERVER_NOT_CONNECTED') && error.details['state'] === 'auth-required';
}

/** What a caller is told who cannot be sent to the page, with what a person has to open. */
export function loginNeeded(server: string, authorizationUrl: string): HubError {
  return error('UNAUTHORIZED', server, authorizationUrl, 'needs a login.');
}

export function visitNotWanted(server: string, authorizationUrl: string): HubError {
  return error('INPUT_NOT_GIVEN', server, authorizationUrl, 'needs a login, and the visit to its page was declined.');
}

export function nobodyLoggedIn(server: string, authorizationUrl: string): HubError {
  return error('INPUT_NOT_GIVEN', server, authorizationUrl, 'needs a login, and nobody has logged in within 10 minutes.');
}

function error(code: 'UNAUTHORIZED' | 'INPUT_NOT_GIVEN', server: string, authorizationUrl: string, what: string): HubError {
  const message = `Server "${server}" ${what} Open ${authorizationUrl} in a browser, or run "mcp-hub auth ${server}"; then call again.`;
  return new HubError(code, message, { details: { server, authorizationUrl, ran: false } });
}

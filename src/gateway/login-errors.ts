import { HUB_OWNER, HubError, isHubError } from '../base/index.ts';
import type { LoginPlace } from './login-pages.ts';

/** Whether a request failed for want of a login only, so that it can be sent once there is one: it did not run. */
export function needsLogin(error: unknown): error is HubError {
  if (isHubError(error, 'UNAUTHORIZED')) return error.details['ran'] === false;
  return isHubError(error, 'SERVER_NOT_CONNECTED') && error.details['state'] === 'auth-required';
}

/** What a caller is told who cannot be sent to the page, with what a person has to open. */
export function loginNeeded(place: LoginPlace, authorizationUrl: string): HubError {
  return error('UNAUTHORIZED', place, authorizationUrl, 'needs a login.');
}

export function visitNotWanted(place: LoginPlace, authorizationUrl: string): HubError {
  return error('INPUT_NOT_GIVEN', place, authorizationUrl, 'needs a login, and the visit to its page was declined.');
}

export function nobodyLoggedIn(place: LoginPlace, authorizationUrl: string): HubError {
  return error('INPUT_NOT_GIVEN', place, authorizationUrl, 'needs a login, and nobody has logged in within 10 minutes.');
}

function error(
  code: 'UNAUTHORIZED' | 'INPUT_NOT_GIVEN',
  { server, principal }: LoginPlace,
  authorizationUrl: string,
  what: string,
): HubError {
  // The command has the rights of the owner, and would log in for the owner.
  const command = principal === HUB_OWNER ? `, or run "mcp-hub auth ${server}"` : '';
  const message = `Server "${server}" ${what} Open ${authorizationUrl} in a browser${command}; then call again.`;
  return new HubError(code, message, { details: { server, authorizationUrl, ran: false } });
}

/** What a list is answered with that nobody knows yet: it takes the owner's login, and whoever asks has another one. */
export function ownerMustLogIn(server: string): HubError {
  const message =
    `Server "${server}" is not known yet: what it offers is what the owner of the hub sees there, who has not logged in. ` +
    `On the machine of the hub, run "mcp-hub auth ${server}". Calls go by your own login.`;
  return new HubError('SERVER_NOT_CONNECTED', message, { details: { server, state: 'auth-required', ran: false } });
}

/** What somebody with a login of their own is told who wants to hear of changes. */
export function onlyOwnerHears(server: string): HubError {
  const message = `Server "${server}" has a login of your own, and tells of changes to that of the hub's owner alone ("logins": "each" in its entry). Read the resource again instead.`;
  return new HubError('FORBIDDEN', message, { details: { server } });
}

import { HubError } from '../../base/index.ts';
import type { LoginSettings } from './login-settings.ts';

/** Where the authorization server of a server sends the browser back to: at `port`, or else at that of the hub, if it has one. */
export type CallbackAddress = (port?: number) => string | undefined;

/**
 * The callback address of a login. An app that somebody registered knows one address for all servers, so that what the hub adds for
 * old clients, the server's name, stands only in those that it registers itself.
 *
 * @param at the hub's callback, with the server's name, at a port; `undefined` where none is given and the hub has none
 * @throws HubError UNAUTHORIZED where a browser has nowhere to come back to
 */
export function redirectUrlOf(server: string, settings: LoginSettings, at: CallbackAddress): string {
  const { redirectUri, callbackPort, clientId, clientMetadataUrl } = settings;
  if (redirectUri !== undefined) return redirectUri;
  const callback = at(callbackPort);
  if (callback === undefined) throw nowhereToReturn(server);
  const url = new URL(callback);
  if (clientId !== undefined || clientMetadataUrl !== undefined) url.search = '';
  return url.href;
}

function nowhereToReturn(server: string): HubError {
  const message =
    `Server "${server}" asks for a login, and the hub has no port (--no-port) that a browser could come back to. Set "callbackPort" of ` +
    `"oauth" in its entry to a free port: the hub listens there while a login waits. Where the browser cannot reach it, ` +
    `"mcp-hub auth ${server} --paste" takes the address that the browser ended at.`;
  return new HubError('UNAUTHORIZED', message, { details: { server, setting: 'oauth.callbackPort' } });
}

import type { LoginSettings } from './login-settings.ts';

/**
 * The callback address of a login. An app that somebody registered knows one address for all servers, so that what the hub adds for
 * old clients, the server's name, stands only in those that it registers itself.
 *
 * @param own the hub's own callback, with the server's name
 */
export function redirectUrlOf({ redirectUri, callbackPort, clientId, clientMetadataUrl }: LoginSettings, own: string): string {
  if (redirectUri !== undefined) return redirectUri;
  const url = new URL(own);
  if (callbackPort !== undefined) url.port = String(callbackPort);
  if (clientId !== undefined || clientMetadataUrl !== undefined) url.search = '';
  return url.href;
}

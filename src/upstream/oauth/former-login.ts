import { isObject } from '../../protocol/index.ts';
import type { StoredLogin } from './login-store.ts';

/**
 * A login as 4.x kept it, under the address of the server alone: `{clientInfo, tokens, codeVerifier}`. Of the authorization server that
 * gave it nothing was kept, nor when.
 */
export function formerLogin(entry: unknown): StoredLogin | undefined {
  if (!isFormerEntry(entry)) return undefined;
  const { clientInfo: client, tokens } = entry;
  if (!isTokens(tokens)) return undefined;
  if (!isClient(client)) return { tokens };
  const redirectUrl: unknown = Array.isArray(client['redirect_uris']) ? client['redirect_uris'][0] : undefined;
  return { client, tokens, clientId: client.client_id, ...(typeof redirectUrl === 'string' && { redirectUrl }) };
}

/** Whether 4.x has written it. */
export function isFormerEntry(entry: unknown): entry is Readonly<Record<'clientInfo' | 'tokens', unknown>> {
  return isObject(entry) && 'clientInfo' in entry && 'tokens' in entry;
}

function isTokens(value: unknown): value is NonNullable<StoredLogin['tokens']> {
  const fields = ['access_token', 'token_type'];
  return isObject(value) && fields.every((field) => typeof value[field] === 'string') && isText(value['refresh_token']);
}

function isClient(value: unknown): value is NonNullable<StoredLogin['client']> & Readonly<Record<string, unknown>> {
  return isObject(value) && typeof value['client_id'] === 'string' && isText(value['client_secret']);
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

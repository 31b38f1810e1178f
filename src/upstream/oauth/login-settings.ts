import { Secret } from '../../base/index.ts';
import type { OAuthDefinition, Placeholders } from '../../config/index.ts';

/** How the config wants the login at one server, placeholders resolved. What is absent is found out. */
export interface LoginSettings extends Omit<OAuthDefinition, 'clientSecret' | 'privateKey' | 'logins'> {
  readonly clientSecret?: Secret;
  readonly privateKey?: Secret;
}

/** @throws HubError PLACEHOLDER_ERROR; the signal's reason */
export async function resolveLoginSettings(definition: OAuthDefinition, placeholders: Placeholders): Promise<LoginSettings> {
  const texts = new Map<string, string>();
  for (const key of ['clientId', 'clientMetadataUrl', 'issuer', 'redirectUri', 'clientSecret', 'privateKey'] as const) {
    const source = definition[key];
    if (source !== undefined) texts.set(key, (await placeholders.text(source, `oauth.${key}`)).trim());
  }
  const scopes: string[] = [];
  for (const [index, scope] of (definition.scopes ?? []).entries()) scopes.push(await placeholders.text(scope, `oauth.scopes[${index}]`));
  const { callbackPort, grantType, signingAlgorithm, assumePkce } = definition;
  const [clientSecret, privateKey] = [texts.get('clientSecret'), texts.get('privateKey')];
  return {
    clientId: texts.get('clientId'),
    clientMetadataUrl: texts.get('clientMetadataUrl'),
    issuer: texts.get('issuer'),
    redirectUri: texts.get('redirectUri'),
    callbackPort,
    grantType,
    signingAlgorithm,
    assumePkce,
    ...(scopes.length > 0 && { scopes }),
    ...(clientSecret !== undefined && { clientSecret: new Secret(clientSecret) }),
    ...(privateKey !== undefined && { privateKey: new Secret(privateKey) }),
  };
}

/** What of it must not be shown. */
export function loginSecrets(settings: LoginSettings | false | undefined): readonly string[] {
  if (!settings) return [];
  return [settings.clientSecret, settings.privateKey].flatMap((secret) => (secret ? [secret.reveal()] : []));
}

/** Whether two say the same, so that a login that is under way under the one may go on under the other. */
export function isSameLogin(one: LoginSettings, other: LoginSettings): boolean {
  const plain = (settings: LoginSettings): string => JSON.stringify([settings, loginSecrets(settings)]);
  return plain(one) === plain(other);
}

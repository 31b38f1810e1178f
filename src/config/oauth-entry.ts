import type { OAuthDefinition } from './config.ts';
import type { ObjectNode } from './json5.ts';
import { keyPath } from './source.ts';
import { type Fields, flag, integer, nonEmptyText, objectOf, oneOf, type Report, textOrTexts, type Type, type ValuesOf } from './types.ts';

/** The fields of `oauth`. */
export const oauthFields = {
  clientId: {
    type: nonEmptyText,
    about:
      'The id of the app that you registered at the authorization server. Without it the hub registers itself, where that is possible.',
    elsewhere: ['client_id', 'CLIENT_ID'],
  },
  clientSecret: { type: nonEmptyText, about: 'Its secret, best as a placeholder.', elsewhere: ['client_secret', 'CLIENT_SECRET'] },
  clientMetadataUrl: {
    type: nonEmptyText,
    about:
      'An https address of a client metadata document, which is the id of the hub at authorization servers that take such documents; its `redirect_uris` hold the callback.',
    elsewhere: ['client_metadata_url'],
  },
  scopes: {
    type: textOrTexts,
    about: 'What the login asks for, in place of what the server says. More is asked for when the server refuses a call for want of it.',
    elsewhere: ['scope'],
  },
  issuer: {
    type: nonEmptyText,
    about:
      'The one authorization server that is used and is sent credentials. Default: the first of those that the server names which works.',
    elsewhere: ['authServer', 'authorizationServer', 'authorizationServerUrl'],
  },
  redirectUri: {
    type: nonEmptyText,
    about:
      'The callback address, as it is registered with the app. Default: `http://localhost:PORT/api/oauth/callback` at the port of the hub.',
    elsewhere: ['redirect_uri', 'redirectUrl', 'redirectURI', 'callbackUrl'],
  },
  callbackPort: {
    type: integer(1, 65_535, 'ports'),
    about: 'The port of the callback, where the app is registered with another one than the hub has. The hub listens there during a login.',
    elsewhere: ['callback_port'],
  },
  grantType: {
    type: oneOf('authorization_code', 'client_credentials'),
    about:
      '`authorization_code`: a person logs in. `client_credentials`: the hub logs in by itself, with `clientId` and `clientSecret` or `privateKey`.',
    default: 'authorization_code' as const,
    elsewhere: ['grant_type'],
  },
  privateKey: {
    type: nonEmptyText,
    about: 'A private key (PEM, or a JWK as JSON) that the hub proves its identity with, in place of `clientSecret` (`private_key_jwt`).',
    elsewhere: ['private_key'],
  },
  signingAlgorithm: {
    type: oneOf('RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'),
    about: 'How `privateKey` signs. Default: RS256, or for a key on an elliptic curve that of its curve.',
    elsewhere: ['signing_algorithm', 'algorithm', 'alg'],
  },
  assumePkce: {
    type: flag,
    about:
      'Logs in also where the metadata of the authorization server does not say that it supports PKCE, which the MCP specification forbids. PKCE is used in any case.',
    default: false,
  },
  logins: {
    type: oneOf('shared', 'each'),
    about:
      '`shared`: whoever uses the hub goes by the login of its owner. `each`: every [API key](security.md#api-keys) logs in by itself, and its calls go by its own login alone.',
    default: 'shared' as const,
  },
} satisfies Fields;

export type OAuthValues = ValuesOf<typeof oauthFields>;

const object = objectOf(oauthFields);

/** An object with the fields of `oauth`, or whether there is a login at all. What other programs write there is no error. */
export const oauthType: Type<OAuthValues | boolean> = {
  words: 'an object, true or false',
  schema: { oneOf: [object.schema, { type: 'boolean' }] },
  read(node, path, report) {
    if (node.kind === 'boolean') return node.value;
    if (node.kind === 'object') return object.read(node, path, report);
    const message = 'Is neither an object nor true or false, and is ignored';
    report({
      severity: 'warning',
      at: node.at,
      keyPath: path,
      message,
      hint: 'Remove it: without it the hub logs in by itself where it can',
    });
    return true;
  },
};

/** The `oauth` of an entry as the hub uses it; `undefined` when there is nothing to say. */
export function oauthOf(values: OAuthValues | boolean | undefined): OAuthDefinition | false | undefined {
  if (values === undefined || values === true) return undefined;
  if (!values) return false;
  const { scopes, ...rest } = values;
  const words = scopes?.flatMap((scope) => scope.split(/\s+/)).filter((scope) => scope !== '');
  return { ...rest, ...(words && words.length > 0 && { scopes: words }) };
}

/** The entry around `oauth`, as far as it has to fit. */
interface Surroundings {
  readonly oauth?: OAuthValues | boolean | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly urls?: readonly string[] | undefined;
}

/** What no field of `oauth` can say alone. */
export function checkOAuth(entry: Surroundings, node: ObjectNode, path: string, report: Report): void {
  const { oauth: values } = entry;
  const at = node.members.findLast(({ key }) => key === 'oauth')?.value.at;
  if (at === undefined || typeof values !== 'object') return;
  const place = keyPath(path, 'oauth');
  const bad = (message: string, hint: string): void => report({ severity: 'error', at, keyPath: place, message, hint });
  checkClient(values, bad);
  if (values.logins === 'each') checkEach(entry, values, bad);
  const { clientMetadataUrl, redirectUri } = values;
  if (clientMetadataUrl !== undefined && !clientMetadataUrl.includes('$') && !/^https:\/\/[^/]+\/./.test(clientMetadataUrl)) {
    bad('"clientMetadataUrl" is not an https address with a path', 'Give the address of the document itself');
  }
  if (redirectUri !== undefined && !redirectUri.includes('$') && !URL.canParse(redirectUri)) {
    bad('"redirectUri" is not an address', 'It starts with http:// or https://');
  }
}

/** What would make all logins the same one, or one principal need several. */
function checkEach(
  { headers = {}, urls = [] }: Surroundings,
  { grantType }: OAuthValues,
  bad: (message: string, hint: string) => void,
): void {
  const what = '"logins": "each" does not go with';
  if (grantType === 'client_credentials') {
    bad(`${what} "client_credentials", by which the hub logs in by itself and for all`, 'Remove one of the two');
  }
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
    bad(`${what} an "Authorization" header, which is the same for all`, 'Remove one of the two');
  }
  if (urls.length > 1) bad(`${what} several addresses, each of which would want logins of its own`, 'Give one address in "url"');
}

function checkClient({ clientId, clientSecret, privateKey, grantType }: OAuthValues, bad: (message: string, hint: string) => void): void {
  const hasProof = clientSecret !== undefined || privateKey !== undefined;
  const isAlone = grantType === 'client_credentials';
  if (clientId === undefined && (hasProof || isAlone)) bad('Has no "clientId"', 'Give the id of the app that the secret or key belongs to');
  else if (isAlone && !hasProof) {
    bad('"client_credentials" needs "clientSecret" or "privateKey"', 'Give one of them, best as a placeholder');
  }
}

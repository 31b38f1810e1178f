import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { OAuthClientProvider } from '@modelcontextprotocol/client';
import { messageOf } from '../../base/index.ts';
import { type LoginContext, loginRefused } from './login-context.ts';

type Authentication = NonNullable<OAuthClientProvider['addClientAuthentication']>;

/** What signs with a key on an elliptic curve. */
const BY_CURVE: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/**
 * How the hub proves to an authorization server who it is, where the config gives it a key: `private_key_jwt` (RFC 7523, section 2.2).
 *
 * @throws HubError UNAUTHORIZED when the key cannot be read; what stands in it is not told
 */
export async function clientAuthentication(context: LoginContext): Promise<Authentication | undefined> {
  const { clientId, privateKey, signingAlgorithm } = context.settings;
  if (clientId === undefined || privateKey === undefined) return undefined;
  const { createPrivateKeyJwtAuth } = await import('@modelcontextprotocol/client');
  const key = readKey(context, privateKey.reveal());
  return createPrivateKeyJwtAuth({
    issuer: clientId,
    subject: clientId,
    // Whatever form of PEM it came in, the SDK reads this one.
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    alg: signingAlgorithm ?? BY_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'RS256',
  });
}

function readKey(context: LoginContext, text: string): KeyObject {
  try {
    if (text.startsWith('{')) return createPrivateKey({ key: JSON.parse(text), format: 'jwk' });
    // Environment variables often hold a key in one line.
    return createPrivateKey(text.replaceAll(String.raw`\n`, '\n'));
  } catch (error) {
    // The parser of JSON would quote the key.
    const reason = error instanceof SyntaxError ? 'it is no JSON' : messageOf(error);
    throw loginRefused(context, `has an "oauth": {"privateKey"} in its entry that is no private key (PEM, or a JWK): ${reason}.`);
  }
}

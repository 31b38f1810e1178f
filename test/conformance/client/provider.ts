import {
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { z } from 'zod';

/** The address that the suite knows its client by, where clients have one. */
export const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';

/** What the suite tells of the client that it has registered. */
const CONTEXT = z
  .object({
    client_id: z.string(),
    client_secret: z.string(),
    private_key_pem: z.string(),
    signing_algorithm: z.string(),
    issuer: z.string(),
  })
  .partial();

export type LoginContext = z.infer<typeof CONTEXT>;

export const loginContext = (context: unknown): LoginContext => CONTEXT.parse(context ?? {});

/** Where the SDK's own client would be called back; nobody listens there. */
const REDIRECT_URL = 'http://localhost:3000/callback';

export interface AloneProvider {
  readonly provider: OAuthClientProvider;
  /** The login page that was asked for last, once. */
  page(): string | undefined;
}

/** What the SDK's client needs to log in without a hub, in memory. */
export function providerFor(scenario: string, context: LoginContext): AloneProvider {
  if (scenario.startsWith('auth/client-credentials')) return { provider: alone(context), page: () => undefined };
  let page: string | undefined;
  let verifier = '';
  let tokens: StoredOAuthTokens | undefined;
  const { client_id, client_secret, issuer } = context;
  let client: StoredOAuthClientInformation | undefined =
    client_id === undefined ? undefined : { client_id, ...(client_secret !== undefined && { client_secret }), ...(issuer && { issuer }) };
  const provider: OAuthClientProvider = {
    redirectUrl: REDIRECT_URL,
    clientMetadataUrl: CLIENT_METADATA_URL,
    clientMetadata: {
      client_name: 'conformance-client',
      redirect_uris: [REDIRECT_URL],
      grant_types: ['authorization_code', 'refresh_token'],
    },
    clientInformation: () => client,
    saveClientInformation: (saved) => void (client = saved),
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    redirectToAuthorization: (url) => void (page = url.href),
    saveCodeVerifier: (saved) => void (verifier = saved),
    codeVerifier: () => verifier,
  };
  return {
    provider,
    page: () => {
      const last = page;
      page = undefined;
      return last;
    },
  };
}

function alone({ client_id = '', client_secret = '', private_key_pem, signing_algorithm = '' }: LoginContext): OAuthClientProvider {
  if (private_key_pem === undefined) return new ClientCredentialsProvider({ clientId: client_id, clientSecret: client_secret });
  return new PrivateKeyJwtProvider({ clientId: client_id, privateKey: private_key_pem, algorithm: signing_algorithm });
}

/** What a browser does with a login page of the suite, which asks nobody: it is sent on to the callback. */
export async function followLogin(page: string): Promise<string> {
  const response = await fetch(page, { redirect: 'manual' });
  const location = response.headers.get('location');
  if (location === null) throw new Error(`The login page answers HTTP ${response.status} and sends nobody on.`);
  return location;
}

import { type Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { RunningHub } from '../../support/in-process-hub.ts';
import type { Driver } from './scenarios.ts';
import { CLIENT_METADATA_URL, followLogin, type LoginContext, providerFor } from './provider.ts';

/** So often a client tries what it was refused, each time after the logins that were asked for. */
const ATTEMPTS = 3;
/** How often the state of the hub is looked at, and how long nothing may move before it counts as settled, in milliseconds. */
const LOOK_MS = 50;
const QUIET_MS = 400;
const LONGEST_MS = 10_000;

/** The `oauth` of the hub's entry for the suite's server: what a person would write who has registered an app there. */
export function oauthEntry(scenario: string, context: LoginContext): object {
  const { client_id, client_secret, private_key_pem, signing_algorithm, issuer } = context;
  return {
    clientMetadataUrl: CLIENT_METADATA_URL,
    ...(client_id !== undefined && { clientId: client_id }),
    ...(client_secret !== undefined && { clientSecret: client_secret }),
    ...(private_key_pem !== undefined && { privateKey: private_key_pem }),
    ...(signing_algorithm !== undefined && { signingAlgorithm: signing_algorithm }),
    ...(issuer !== undefined && { issuer }),
    ...(scenario.startsWith('auth/client-credentials') && { grantType: 'client_credentials' }),
  };
}

const SHOWN = z.object({ server: z.object({ status: z.string(), authorizationUrl: z.string().nullable() }) });

/** A person with a browser: goes to every login page that the hub tells of, until nothing moves any more. */
async function settle({ origin }: RunningHub, server: string, seen: Set<string>): Promise<void> {
  const end = Date.now() + LONGEST_MS;
  let quietSince = Date.now();
  while (Date.now() < end && Date.now() - quietSince < QUIET_MS) {
    const shown = SHOWN.parse(await (await fetch(`${origin}/api/servers/${server}`)).json()).server;
    const page = shown.authorizationUrl;
    if (page !== null && !seen.has(page)) {
      seen.add(page);
      await fetch(await followLogin(page));
      quietSince = Date.now();
    } else if (shown.status === 'connecting') quietSince = Date.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Through a hub: its user logs in whenever the hub says that somebody has to, and the client asks again. */
export async function runBehindHub(hub: RunningHub, server: string, driver: Driver, open: () => Promise<void>): Promise<void> {
  const seen = new Set<string>();
  await settle(hub, server, seen);
  await open();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const done = await useTools(driver);
    await settle(hub, server, seen);
    if (done) return;
  }
}

/** Without a hub, the SDK's client logs in itself. */
export async function runAlone(client: Client, url: URL, scenario: string, context: LoginContext): Promise<void> {
  const { provider, page } = providerFor(scenario, context);
  const driver: Driver = { client, prefix: '' };
  let isOpen = false;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
    try {
      if (isOpen) await client.close();
      isOpen = true;
      await client.connect(transport);
      if (await useTools(driver)) return;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
    const callback = page();
    if (callback === undefined) return;
    await transport.finishAuth(new URL(await followLogin(callback)).searchParams);
  }
}

/** Lists the tools and calls them, as every scenario about logins wants it. @returns whether all of it was allowed */
async function useTools({ client, prefix }: Driver): Promise<boolean> {
  try {
    const { tools } = await client.listTools();
    const own = tools.filter(({ name }) => name.startsWith(prefix));
    let isAllowed = own.length > 0;
    for (const { name } of own) {
      const { isError } = await client.callTool({ name, arguments: {} });
      isAllowed &&= !isError;
    }
    return isAllowed;
  } catch (error) {
    console.error(String(error));
    return false;
  }
}

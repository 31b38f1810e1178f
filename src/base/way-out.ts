import { lookup } from 'node:dns';
import { dispatchedFetch } from './dispatched-fetch.ts';
import { HubError } from './errors.ts';
import { LateDispatcher } from './late-dispatcher.ts';
import type { Outgoing } from './outgoing.ts';
import { DirectRoads, outgoingOver, roadsOver } from './outgoing-roads.ts';
import { publicLookup, refusePrivateHost, type Resolver } from './public-addresses.ts';

/** `fetch` as the hub uses it: an address and no `Request`. */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** The ways out to remote servers, their authorization servers and registries. */
export interface WayOut {
  /** To remote servers. */
  readonly outgoing: Outgoing;
  /**
   * Connects to addresses that are open to the world only, whatever names lead to. Through a proxy of the environment it is the
   * proxy that looks names up, so that only addresses are refused.
   */
  readonly publicOutgoing: Outgoing;
  /** To everything else: logins, registries. */
  readonly fetch: Fetch;
  /** As {@link publicOutgoing}. */
  readonly publicFetch: Fetch;
  /** Whether the environment has it go through a proxy to there. */
  isProxied(url: URL): boolean;
  /** Ends its connections. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** The variables that name a proxy; of two spellings the lower-case one wins, as in curl. */
const NAMES = ['http_proxy', 'https_proxy'] as const;

/**
 * The way out as the environment says: through `HTTP_PROXY` and `HTTPS_PROXY` (or their lower-case names) but for the hosts of
 * `NO_PROXY`; never through a proxy to this machine itself. The library that it goes by is loaded with the first request that needs it:
 * `fetch` is Node's own as long as there are no such variables.
 */
export function wayOut(env: NodeJS.ProcessEnv, resolve: Resolver = lookup): WayOut {
  const hasProxy = NAMES.some((name) => valueOf(env, name) !== '');
  const connect = { lookup: publicLookup(resolve) };
  const direct = new DirectRoads();
  const proxied = new LateDispatcher(({ EnvHttpProxyAgent }) => new EnvHttpProxyAgent(proxies(env)));
  const guarded = new LateDispatcher(({ Agent, EnvHttpProxyAgent }) =>
    hasProxy ? new EnvHttpProxyAgent({ ...proxies(env), connect }) : new Agent({ connect }),
  );
  const proxiedFetch = dispatchedFetch(proxied);
  const guardedFetch = dispatchedFetch(guarded);
  const isDirect = (url: URL): boolean => !hasProxy || isLoopback(url);
  return {
    outgoing: outgoingOver((origin) => (isDirect(origin) ? direct : roadsOver(proxied))),
    publicOutgoing: outgoingOver((origin) => {
      refusePrivateHost(origin);
      return roadsOver(guarded);
    }),
    fetch: (input, init) => (isDirect(new URL(input)) ? fetch(input, init) : proxiedFetch(input, init)),
    async publicFetch(input, init) {
      refusePrivateHost(new URL(input));
      return guardedFetch(input, init);
    },
    isProxied: (url) => isProxied(env, url),
    async close() {
      await Promise.all([direct.close(), proxied.close(), guarded.close()]);
    },
  };
}

function isProxied(env: NodeJS.ProcessEnv, url: URL): boolean {
  const [httpProxy = '', httpsProxy = ''] = NAMES.map((name) => valueOf(env, name));
  const proxy = url.protocol === 'https:' ? httpsProxy || httpProxy : httpProxy;
  return proxy !== '' && !isLoopback(url) && !isExcepted(url, valueOf(env, 'no_proxy'));
}

/** NO_PROXY: names with everything below them, `*` for all. */
function isExcepted({ hostname, port }: URL, noProxy: string): boolean {
  return noProxy.split(/[,\s]+/).some((entry) => {
    const [, name = '', only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (entry === '*') return true;
    if (name === '' || (only !== undefined && only !== port)) return false;
    return hostname === name.toLowerCase() || hostname.endsWith(`.${name.toLowerCase()}`);
  });
}

function proxies(env: NodeJS.ProcessEnv) {
  const [httpProxy, httpsProxy] = NAMES.map((name) => proxyOf(env, name));
  return { httpProxy: httpProxy ?? '', httpsProxy: httpsProxy ?? '', noProxy: valueOf(env, 'no_proxy') };
}

/** @throws HubError CONFIG_ERROR when a proxy is named that is none; its address may hold a password and is not told. */
function proxyOf(env: NodeJS.ProcessEnv, name: string): string {
  const value = valueOf(env, name);
  // As curl does: a proxy without a scheme is an HTTP one.
  const url = value === '' || value.includes('://') ? value : `http://${value}`;
  if (url === '' || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) return url;
  const message = `The environment variable ${name.toUpperCase()} is not the address of an HTTP proxy. Correct it, or unset it, and start the hub again.`;
  throw new HubError('CONFIG_ERROR', message, { details: { variable: name.toUpperCase() } });
}

function valueOf(env: NodeJS.ProcessEnv, name: string): string {
  return (env[name] ?? env[name.toUpperCase()] ?? '').trim();
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(?:\.\d+){3}$/.test(hostname) || hostname === '[::1]';
}

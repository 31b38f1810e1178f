import { HubError } from './errors.ts';

/** `fetch` as the hub uses it: an address and no `Request`. */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** The way out to remote servers, their authorization servers and registries. */
export interface OutgoingFetch {
  readonly fetch: Fetch;
  /** Whether the environment has it go through a proxy to there. */
  isProxied(url: URL): boolean;
  /** Ends its connections. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** The variables that name a proxy; of two spellings the lower-case one wins, as in curl. */
const NAMES = ['http_proxy', 'https_proxy'] as const;

/**
 * The way out as the environment says: through `HTTP_PROXY` and `HTTPS_PROXY` (or their lower-case names) but for the hosts of
 * `NO_PROXY`; never through a proxy to this machine itself. Without such variables it is Node's own `fetch`; the library that knows
 * proxies is loaded with the first request that may need one.
 */
export function outgoingFetch(env: NodeJS.ProcessEnv): OutgoingFetch {
  if (NAMES.every((name) => valueOf(env, name) === '')) {
    return { fetch: (input, init) => fetch(input, init), isProxied: () => false, close: async () => {} };
  }
  let opening: Promise<Pick<OutgoingFetch, 'fetch' | 'close'>> | undefined;
  return {
    async fetch(input, init) {
      if (isLoopback(new URL(input))) return fetch(input, init);
      opening ??= openProxied(env);
      return (await opening).fetch(input, init);
    },
    isProxied: (url) => isProxied(env, url),
    async close() {
      // One that could not be opened has nothing to end.
      await opening?.then(
        (proxied) => proxied.close(),
        () => undefined,
      );
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

async function openProxied(env: NodeJS.ProcessEnv): Promise<Pick<OutgoingFetch, 'fetch' | 'close'>> {
  const [httpProxy, httpsProxy] = NAMES.map((name) => proxyOf(env, name));
  const { EnvHttpProxyAgent, fetch: fetchVia } = await import('./undici.ts');
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: valueOf(env, 'no_proxy'),
  });
  return {
    async fetch(input, init = {}) {
      const { method, headers, body, signal } = init;
      const response = await fetchVia(input, {
        dispatcher,
        redirect: init.redirect ?? 'follow',
        ...(method !== undefined && { method }),
        headers: Object.fromEntries(new Headers(headers)),
        // Nothing else is sent by the hub or the SDK.
        ...((typeof body === 'string' || body instanceof URLSearchParams) && { body }),
        ...(signal && { signal }),
      });
      const { status, statusText } = response;
      // To the rest of the hub it is Node's own kind of response.
      return new Response(hasBody(status) ? response.body : null, { status, statusText, headers: Object.fromEntries(response.headers) });
    },
    close: () => dispatcher.destroy(),
  };
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

/** Statuses that the fetch standard allows no body with. */
function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(?:\.\d+){3}$/.test(hostname) || hostname === '[::1]';
}

import { type Fetch, HubError, isPrivateHost, PRIVATE_ADDRESS } from '../../base/index.ts';
import { name, networkCode } from '../remote/http-errors.ts';
import { boundedFetch, type LoginPeer } from './bounded-fetch.ts';

/** For one request to an authorization server, in milliseconds. */
const REQUEST_WITHIN_MS = 15_000;
/** Most bytes of an answer of it. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_REDIRECTS = 3;

/** How a login leaves the hub. */
export interface LoginRoads {
  /** The way to addresses that are open to the world only. Default: as everywhere, with names not looked up. */
  readonly publicFetch?: Fetch | undefined;
  /** As `publicOnly` of the server's entry. */
  readonly publicOnly?: boolean | undefined;
}

/**
 * `fetch` for a login: where it goes is told by the server and by those that it names, none of which may use the hub to reach
 * what only the hub can reach (spec basic/security_best_practices, "Server-Side Request Forgery"). A server in the world sends nobody to
 * addresses of this machine or of its network, nor to names that lead there; its own origin is where the hub goes anyway. Only a GET
 * without credentials is redirected.
 *
 * @param server the address of the MCP server
 */
export function loginFetch(peer: LoginPeer, server: string, { publicFetch, publicOnly }: LoginRoads = {}): typeof fetch {
  const own = URL.canParse(server) ? new URL(server) : undefined;
  const isWorldly = publicOnly ?? (own !== undefined && !isPrivateHost(own.hostname));
  const publicPeer = publicFetch ? { ...peer, fetch: publicFetch } : peer;
  const fail = (what: string): never => {
    throw new HubError('UPSTREAM_PROTOCOL', `${name(peer)} ${what}`, { details: { server: peer.id } });
  };
  const checked = (url: URL): URL => {
    if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      return fail(`wants its login at an address of the kind ${url.protocol} or with a password in it, where the hub does not go.`);
    }
    if (isWorldly && isPrivateHost(url.hostname)) return inside(url);
    return url;
  };
  const inside = (url: URL): never => {
    const remedy = publicOnly ? '' : ' If the server is in your network too, put "publicOnly": false into its entry.';
    return fail(
      `wants its login at ${url.host}, an address in your own network, where the hub does not go for a server outside of it.${remedy}`,
    );
  };
  const send = async (url: URL, init: RequestInit): Promise<Response> => {
    const isGuarded = isWorldly && (publicOnly === true || url.origin !== own?.origin);
    try {
      return await boundedFetch(isGuarded ? publicPeer : peer, url, init, MAX_ANSWER_BYTES);
    } catch (error) {
      return networkCode(error) === PRIVATE_ADDRESS ? inside(url) : Promise.reject(error);
    }
  };
  return async (input, init) => {
    const signal = AbortSignal.timeout(REQUEST_WITHIN_MS);
    let url = checked(new URL(input instanceof Request ? input.url : input));
    for (let hop = 0; ; hop += 1) {
      const response = await send(url, { ...init, redirect: 'manual', signal });
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null) return response;
      await response.body?.cancel();
      if (hop === MAX_REDIRECTS || !isPlain(init)) return fail(`has a login that redirects from ${url.host}, which is not followed there.`);
      url = URL.canParse(location, url.href) ? checked(new URL(location, url)) : fail('has a login that redirects to what is no address.');
    }
  };
}

/** A GET that holds nothing which another place must not get. */
function isPlain(init: RequestInit | undefined): boolean {
  return (init?.method ?? 'GET').toUpperCase() === 'GET' && !new Headers(init?.headers).has('authorization');
}

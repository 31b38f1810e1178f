import { BlockList, isIP } from 'node:net';
import { HubError } from '../../base/index.ts';
import { boundedFetch } from '../remote/bounded-fetch.ts';
import { type HttpPeer, name } from '../remote/http-errors.ts';

/** For one request to an authorization server, in milliseconds. */
const REQUEST_WITHIN_MS = 15_000;
/** Most bytes of an answer of it. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_REDIRECTS = 3;

/** Addresses of this machine and of networks that are not open to the world (IANA special-purpose registries). */
const LOCAL_4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const;
const LOCAL_6 = [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const;
/** Made when it is needed, as the first clients wait while this file is loaded. */
let local: BlockList | undefined;

/**
 * `fetch` for a login: where it goes is told by the server and by those that it names, none of which may use the hub to reach
 * what only the hub can reach (spec basic/security_best_practices, "Server-Side Request Forgery"). A server in the world sends nobody to
 * addresses of this machine or of its network; names are not looked up. Only a GET without credentials is redirected.
 *
 * @param server the address of the MCP server
 */
export function loginFetch(peer: HttpPeer, server: string): typeof fetch {
  const isWorldly = URL.canParse(server) && !isLocal(new URL(server).hostname);
  const fail = (what: string): never => {
    throw new HubError('UPSTREAM_PROTOCOL', `${name(peer)} ${what}`, { details: { server: peer.id } });
  };
  const checked = (url: URL): URL => {
    if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      return fail(`wants its login at an address of the kind ${url.protocol} or with a password in it, where the hub does not go.`);
    }
    if (isWorldly && isLocal(url.hostname)) {
      return fail(`wants its login at ${url.host}, an address in your own network, where the hub does not go for a server outside of it.`);
    }
    return url;
  };
  return async (input, init) => {
    const signal = AbortSignal.timeout(REQUEST_WITHIN_MS);
    let url = checked(new URL(input instanceof Request ? input.url : input));
    for (let hop = 0; ; hop += 1) {
      const response = await boundedFetch(peer, url, { ...init, redirect: 'manual', signal }, MAX_ANSWER_BYTES);
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

/** @param hostname as `URL` writes it */
function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const family = isIP(host);
  if (family === 0) return host === 'localhost' || host.endsWith('.localhost');
  local ??= localAddresses();
  return local.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function localAddresses(): BlockList {
  const list = new BlockList();
  for (const [network, bits] of LOCAL_4) list.addSubnet(network, bits, 'ipv4');
  for (const [network, bits] of LOCAL_6) list.addSubnet(network, bits, 'ipv6');
  return list;
}

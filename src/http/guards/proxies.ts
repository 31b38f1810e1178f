import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** What proxies add; one that runs on this machine makes everybody's requests come from here. */
const PROXY_HEADERS = /^(?:forwarded|via|x-forwarded(?:-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip)$/;

/** As much of a request as says where it comes from. */
export interface Origin {
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Whether a proxy says that it passed a request on. */
export function cameByProxy(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (PROXY_HEADERS.test(name)) return true;
  return false;
}

const lists = new WeakMap<readonly string[], BlockList>();

/** Whether a connection comes from one of the addresses and networks among `trustedHosts`. */
export function isTrustedProxy(address: string | undefined, trustedHosts: readonly string[]): boolean {
  if (trustedHosts.length === 0 || address === undefined) return false;
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && networksOf(trustedHosts).check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The address that a request comes from, for counting and for the log: that of the connection or, when that is a trusted proxy, the
 * last one in `X-Forwarded-For`, which the proxy itself has seen. It gives nobody any right.
 */
export function clientAddress({ headers, socket }: Origin, trustedHosts: readonly string[]): string | undefined {
  const peer = socket.remoteAddress;
  if (!isTrustedProxy(peer, trustedHosts)) return peer;
  const seen = [headers['x-forwarded-for']].flat().join(',').split(',').at(-1)?.trim() ?? '';
  return isIP(seen) === 0 ? peer : seen;
}

/**
 * The name by which the first proxy was asked, where a trusted proxy tells it: it must be an allowed one too, or a proxy that
 * names the hub `localhost` would let in what a page has rebound to the proxy.
 */
export function forwardedHost({ headers, socket }: Origin, trustedHosts: readonly string[]): string | undefined {
  const forwarded = headers['x-forwarded-host'];
  if (forwarded === undefined || !isTrustedProxy(socket.remoteAddress, trustedHosts)) return undefined;
  return [forwarded].flat().join(',').split(',')[0]?.trim() ?? '';
}

/** Names are left out; the list is another one whenever the config is. */
function networksOf(trustedHosts: readonly string[]): BlockList {
  const known = lists.get(trustedHosts);
  if (known) return known;
  const networks = new BlockList();
  for (const entry of trustedHosts) {
    const [, address = '', bits] = /^\[?([^\]/]+)\]?(?:\/(\d{1,3}))?$/.exec(entry.trim()) ?? [];
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    if (family !== 0 && Number(bits ?? most) <= most) networks.addSubnet(address, Number(bits ?? most), family === 6 ? 'ipv6' : 'ipv4');
  }
  lists.set(trustedHosts, networks);
  return networks;
}

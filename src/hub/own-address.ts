import { BlockList, isIP, isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

/** Made when it is needed, as the first clients wait while this file is loaded. */
let loopback: BlockList | undefined;

/**
 * Whether `url` leads to the hub that listens on `port` of `host`: a server of that address would be the hub calling
 * itself, for ever.
 *
 * @param host as in `--host`: an address, a name, or `localhost` for both loopback addresses.
 */
export function isOwnAddress(url: URL, host: string, port: number): boolean {
  if (url.protocol !== 'http:' || Number(url.port || 80) !== port) return false;
  const called = plain(url.hostname);
  const bound = plain(host);
  if (called === bound) return true;
  if (isLoopback(called)) return isLoopback(bound);
  return isWildcard(bound) && ownNames().has(called);
}

/** Without brackets and the dot that may end a name. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isLoopback(name: string): boolean {
  if (isIP(name) === 0) return name === 'localhost' || name.endsWith('.localhost');
  loopback ??= loopbackAddresses();
  return loopback.check(name, isIPv6(name) ? 'ipv6' : 'ipv4');
}

function isWildcard(name: string): boolean {
  return name === '0.0.0.0' || name === '::';
}

function ownNames(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  return new Set([hostname().toLowerCase(), ...addresses]);
}

/** Addresses that stand for this machine wherever a program listens on one of them. */
function loopbackAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8);
  list.addAddress('0.0.0.0');
  list.addAddress('::1', 'ipv6');
  list.addAddress('::', 'ipv6');
  return list;
}

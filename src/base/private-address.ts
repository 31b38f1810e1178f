import { BlockList, isIP } from 'node:net';

/**
 * Addresses of this machine, of its networks, and others that are not one place in the world (IANA special-purpose registries). 198.18.0.0/15
 * is not among them: VPN clients give every name in the world an address of that range.
 */
const PRIVATE_4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;
const PRIVATE_6 = [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const;

/** Made when it is needed, as the first clients wait while this file is loaded. */
let made: BlockList | undefined;

/** Kinds of IPv6 address that stand for an IPv4 one, and the place of its first group in them. */
const CARRIERS: readonly (readonly [RegExp, number])[] = [
  // Mapped and compatible addresses, and the translation of NAT64 (RFC 6052).
  [/^0:0:0:0:0:(?:ffff|0):/, 6],
  [/^64:ff9b:0:0:0:0:/, 6],
  // 6to4 (RFC 3056).
  [/^2002:/, 1],
];

/**
 * Whether an IP address belongs to this machine or to a network that is not open to the world, also where IPv6 only stands for
 * such an IPv4 one. False for what is no address.
 */
export function isPrivateAddress(address: string): boolean {
  const [plain = ''] = address.split('%');
  const family = isIP(plain);
  if (family === 0) return false;
  if (family === 4) return privateAddresses().check(plain, 'ipv4');
  const carried = carriedAddress(plain);
  return privateAddresses().check(plain, 'ipv6') || (carried !== undefined && privateAddresses().check(carried, 'ipv4'));
}

/**
 * Whether the host of a URL is known to be private without a look at the DNS: such an address, in whatever spelling, or a name of
 * this machine.
 *
 * @param hostname as `URL` writes it
 */
export function isPrivateHost(hostname: string): boolean {
  const host = plainHost(hostname);
  return isIP(host) === 0 ? host === 'localhost' || host.endsWith('.localhost') : isPrivateAddress(host);
}

/** A host name as `URL` writes it, without brackets and the dot that may end it. */
export function plainHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function carriedAddress(address: string): string | undefined {
  // `URL` writes every spelling in hexadecimal groups.
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const [head = [], tail = []] = groups.map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = groups.length === 2 ? Array.from({ length: 8 - head.length - tail.length }, () => '0') : [];
  const all = [...head, ...zeros, ...tail];
  const at = CARRIERS.find(([kind]) => kind.test(`${all.join(':')}:`))?.[1];
  if (at === undefined) return undefined;
  const [high = 0, low = 0] = all.slice(at, at + 2).map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function privateAddresses(): BlockList {
  if (made) return made;
  made = new BlockList();
  for (const [network, bits] of PRIVATE_4) made.addSubnet(network, bits, 'ipv4');
  for (const [network, bits] of PRIVATE_6) made.addSubnet(network, bits, 'ipv6');
  return made;
}

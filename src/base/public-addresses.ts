import type { LookupAddress, LookupAllOptions, LookupOptions } from 'node:dns';
import { isPrivateAddress, isPrivateHost } from './private-address.ts';

/** As `dns.lookup` with `all`. */
export type Resolver = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** As sockets ask for the addresses of a name. */
type SocketLookup = (
  hostname: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, found: string | LookupAddress[], family?: number) => void,
) => void;

/** The `code` of an error that kept a request from an address of this machine or of a private network. */
export const PRIVATE_ADDRESS = 'ERR_PRIVATE_ADDRESS';

/**
 * The lookup of sockets that may be connected to addresses in the open world only. A socket goes to what came out of this very
 * lookup, so that a name which leads elsewhere a moment later (DNS rebinding) gains nothing.
 */
export function publicLookup(resolve: Resolver): SocketLookup {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const open = found.filter(({ address }) => !isPrivateAddress(address));
      const [first] = open;
      if (!first) return callback(privateAddress(hostname), []);
      if (options.all) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}

/** Sockets look no literal address up. @throws Error {@link PRIVATE_ADDRESS} */
export function refusePrivateHost(url: URL): void {
  if (isPrivateHost(url.hostname)) throw privateAddress(url.hostname);
}

function privateAddress(hostname: string): Error {
  return Object.assign(new Error(`${hostname} is at no address that is open to the world`), { code: PRIVATE_ADDRESS });
}

import { HubError, isLoopbackAddress } from '../../base/index.ts';
import { hostnameOf, LOOPBACK } from './host-origin.ts';
import { isUnixPeer } from './unix-peers.ts';
import { cameByProxy, isTrustedProxy, type Origin } from './proxies.ts';

/**
 * Whether a request was made on this machine and for this machine: its peer is a loopback address, or came by a Unix socket, it names
 * the hub by a loopback name, and no proxy passed it on: none says so, and none of the trusted ones is the peer.
 */
export function isFromThisMachine({ headers, socket }: Origin, trustedHosts: readonly string[] = []): boolean {
  const name = hostnameOf(`http://${headers.host ?? ''}`, headers.host);
  if (name === undefined || !LOOPBACK.has(name) || cameByProxy(headers)) return false;
  return isUnixPeer(socket) || (isLoopbackAddress(socket.remoteAddress) && !isTrustedProxy(socket.remoteAddress, trustedHosts));
}

/** The FORBIDDEN error for a request that only programs on this machine may make. @param what begins its message */
export function notFromThisMachine(what: string, why = 'changes the config file, which says what programs the hub runs'): HubError {
  const remedy =
    'Without an API key of scope "admin" the hub does that only for programs on its own machine that reach it at localhost, and not through a proxy.';
  return new HubError('FORBIDDEN', `${what} ${why}. ${remedy}`, { details: { only: 'local' } });
}

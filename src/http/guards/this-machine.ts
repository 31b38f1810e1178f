import type { IncomingMessage } from 'node:http';
import { HubError } from '../../base/index.ts';
import { hostnameOf, LOOPBACK } from './host-origin.ts';

/** What proxies add; one that runs on this machine makes everybody's requests come from here. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

/** As much of a request as says where it comes from. */
export type Origin = Pick<IncomingMessage, 'headers'> & { readonly socket: { readonly remoteAddress?: string | undefined } };

/**
 * Whether a request was made on this machine and for this machine: its peer is a loopback address, it names the hub by a
 * loopback name, and no proxy says that it passed it on.
 */
export function isFromThisMachine({ headers, socket }: Origin): boolean {
  const name = hostnameOf(`http://${headers.host ?? ''}`, headers.host);
  return isLoopback(socket.remoteAddress) && name !== undefined && LOOPBACK.has(name) && PROXY_HEADERS.every((one) => !(one in headers));
}

/** The FORBIDDEN error for a request that only programs on this machine may make. @param what begins its message */
export function notFromThisMachine(what: string): HubError {
  const remedy =
    'The hub has no authentication yet, so it does that only for programs on its own machine that reach it at localhost, and not through a proxy. Do it there, or edit the config file.';
  return new HubError('FORBIDDEN', `${what} changes the config file, which says what programs the hub runs. ${remedy}`, {
    details: { only: 'local' },
  });
}

/** All of 127.0.0.0/8, also as a socket for both families writes it, and ::1. */
function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}

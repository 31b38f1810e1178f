import type { IncomingHttpHeaders } from 'node:http';
import { HubError } from '../../base/index.ts';

/** The names by which programs on this machine reach the hub. */
export const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses requests that a foreign web page could have made the browser send: a name that was rebound to this machine
 * stands in `Host`, a foreign page in `Origin` (spec 2026-07-28 basic/transports/streamable-http, "Security").
 * Any port is fine, and so is no `Origin` at all: programs that are not browsers send none.
 *
 * @param allowedHosts names other than the loopback ones, without port.
 * @param localAddress the address of this machine that the connection came to: by its number the hub may be called, since a
 * number cannot be rebound.
 * @returns the FORBIDDEN error to answer with, or `undefined`.
 */
export function hostOriginProblem(
  { host, origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>,
  allowedHosts: readonly string[],
  localAddress?: string,
): HubError | undefined {
  const isFine = (name: string | undefined): boolean => isAllowed(name, allowedHosts) || isAddress(name, localAddress);
  if (!isFine(hostnameOf(`http://${host ?? ''}`, host))) return forbidden('Host', host);
  if (origin !== undefined && !isFine(hostnameOf(origin))) return forbidden('Origin', origin);
  return undefined;
}

/**
 * Refuses what a page of somewhere else made the browser ask for: browsers say so in `Sec-Fetch-Site`
 * (https://www.w3.org/TR/fetch-metadata/), also where they send no `Origin`, as for images, scripts and links. Another port of this
 * machine is somewhere else too, since anything may be served there. What a page of a name in `allowedHosts` asks for, is fine.
 *
 * @returns the FORBIDDEN error to answer with, or `undefined`.
 */
export function foreignPageProblem(headers: IncomingHttpHeaders): HubError | undefined {
  const said = headers['sec-fetch-site'];
  const site = (typeof said === 'string' ? said : said?.[0])?.toLowerCase();
  const isOwn = site === undefined ? !isForeignSocket(headers) : site === 'same-origin' || site === 'none';
  if (isOwn || isOfFriend(headers)) return undefined;
  const message = 'The hub does not answer to pages of other sites (Sec-Fetch-Site). Type its address, or call it from a program.';
  return new HubError('FORBIDDEN', message, { details: { header: 'Sec-Fetch-Site' } });
}

/** Whether a page of a name that the config allows asks, not one at another port of this machine or of the hub's own name. */
function isOfFriend({ origin, host }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  const name = hostnameOf(origin);
  return name !== undefined && !LOOPBACK.has(name) && name !== hostnameOf(`http://${host ?? ''}`, host);
}

/** Not every browser sends `Sec-Fetch-Site` with the handshake of a WebSocket, which the hub would serve as the GET that it is. */
function isForeignSocket(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  return headers['sec-websocket-key'] !== undefined && origin !== undefined && origin.replace(/^\w+:\/\//, '') !== host;
}

/** The host of a URL in lower case; `undefined` when it is not one, or when it is more than `authority` says. */
export function hostnameOf(url: string, authority?: string): string | undefined {
  if (authority !== undefined && /[/\\?#@\s]/.test(authority)) return undefined;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function isAllowed(hostname: string | undefined, allowedHosts: readonly string[]): boolean {
  if (!hostname) return false;
  if (LOOPBACK.has(hostname)) return true;
  return allowedHosts.some((allowed) => [allowed.toLowerCase(), `[${allowed.toLowerCase()}]`].includes(hostname));
}

/** Whether a name is this address, as URLs write it. */
function isAddress(hostname: string | undefined, address: string | undefined): boolean {
  if (hostname === undefined || address === undefined) return false;
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return hostname === (plain.includes(':') ? `[${plain}]` : plain);
}

function forbidden(header: string, value: string | undefined): HubError {
  const shown = value === undefined ? 'none' : JSON.stringify(value.slice(0, 120));
  return new HubError(
    'FORBIDDEN',
    `The hub does not answer to ${header} ${shown}. Add its name to allowedHosts in the hub's config file if it is yours.`,
    { details: { header } },
  );
}

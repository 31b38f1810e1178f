import { type ErrorCode, HubError, isHubError, messageOf, PRIVATE_ADDRESS, quote, sentence } from '../../base/index.ts';
import { notRun } from '../not-run.ts';

/** The server at the other end of HTTP, as far as a message may name it. */
export interface HttpPeer {
  /** The server's name. */
  readonly id: string;
  /** The URL as configured. */
  readonly label: string;
  redact(text: string): string;
  /** Whether a login page is open for it; another one from one moment to the next. */
  readonly awaitsLogin?: boolean | undefined;
}

const REFUSED = 'refuses the connection. Check that it runs and that the port is right.';
const UNKNOWN_HOST = 'cannot be found: its host name does not resolve. Check the URL and the network.';
const NO_ROUTE = 'cannot be reached over this network. Check the network, a VPN or a proxy.';
const BROKE = 'broke the connection off. If it stays so, look at the server.';
const NO_CONNECTION_IN_TIME = 'did not take the connection in time. Check the URL, the network and a firewall on the way.';
const SILENT = 'went silent: nothing came from it for minutes.';
const CERTIFICATE = 'has a TLS certificate that is not trusted. Check its date and name, or give its CA to Node (NODE_EXTRA_CA_CERTS).';

const NO_TLS = 'does not speak TLS at this address. Check the port, or whether "url" should begin with http://.';
const NOT_PUBLIC =
  'is at an address of this machine or of a private network, where it may not be: its entry says "publicOnly". Take that out in the config file if you mean it.';
const BAD_PORT = 'is at a port that HTTP clients refuse to call, since it belongs to another protocol. Let it listen on another one.';

/** What the `code` of a failed connection means (Node's system errors, the codes of undici, of the hub's own connections and of OpenSSL). */
const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: REFUSED,
  ENOTFOUND: UNKNOWN_HOST,
  EAI_AGAIN: UNKNOWN_HOST,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ECONNRESET: BROKE,
  EPIPE: BROKE,
  UND_ERR_SOCKET: BROKE,
  ETIMEDOUT: NO_CONNECTION_IN_TIME,
  UND_ERR_CONNECT_TIMEOUT: NO_CONNECTION_IN_TIME,
  ESOCKETTIMEDOUT: SILENT,
  UND_ERR_HEADERS_TIMEOUT: SILENT,
  UND_ERR_BODY_TIMEOUT: SILENT,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  [PRIVATE_ADDRESS]: NOT_PUBLIC,
};

interface Failure {
  readonly code: string;
  /** What the system was asked for; absent in errors that are not the system's. */
  readonly syscall?: unknown;
}

/** The error with a `code` somewhere in the chain of causes of a failed request, and in the parts of an AggregateError. */
function failureIn(error: unknown, depth = 0): Failure | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  // An AggregateError of connection attempts has the code of one of them, and no more.
  if (error instanceof AggregateError) return failureInOneOf(error.errors, depth);
  if ('code' in error && typeof error.code === 'string') return { code: error.code, ...('syscall' in error && { syscall: error.syscall }) };
  return failureInOneOf([error.cause], depth);
}

function failureInOneOf(errors: readonly unknown[], depth: number): Failure | undefined {
  for (const error of errors) {
    const failure = failureIn(error, depth + 1);
    if (failure) return failure;
  }
  return undefined;
}

/** The `code` of the failure below HTTP that made a request fail. */
export function networkCode(error: unknown): string | undefined {
  return failureIn(error)?.code;
}

/** Whether there was not even a connection, so that nothing of the request left the hub. A broken TLS handshake is no outage and not meant. */
export function isBeforeSending(error: unknown): boolean {
  const { code, syscall } = failureIn(error) ?? {};
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT';
}

/** Whether the connection was there, and ended too soon. */
export function isBrokenOff(error: unknown): boolean {
  return networkWords[failureIn(error)?.code ?? ''] === BROKE;
}

/** An exchange that failed below HTTP: the error's own text is shown only where the code says nothing. */
export function networkError(peer: HttpPeer, error: unknown): HubError {
  if (isHubError(error)) return error;
  const network = networkCode(error);
  const isTls = network !== undefined && /CERT|^ERR_TLS|^ERR_SSL|SELF_SIGNED|UNABLE_TO_|^EPROTO$/.test(network);
  const words = networkWords[network ?? ''] ?? (isTls ? CERTIFICATE : otherWords(network, quote(peer.redact(rootMessage(error)))));
  const code: ErrorCode = words === SILENT ? 'TIMEOUT' : 'CONNECTION_ERROR';
  const suffix = network === undefined ? '' : ` (${network})`;
  return new HubError(code, `${name(peer)} ${words}${suffix}`, { details: { server: peer.id, ...(network !== undefined && { network }) } });
}

function otherWords(network: string | undefined, reason: string): string {
  // What reads HTTP names it so, in Node, in undici and here.
  if (network?.startsWith('HPE_'))
    return `does not answer in HTTP as it should. ${sentence(reason)} Check the host and the port of the URL, and what is between.`;
  // The fetch standard has a list of such ports; `fetch` says no more than this, without a code.
  const [, answer] = /^Proxy response \((\d+)\)/.exec(reason) ?? [];
  if (answer !== undefined) return `cannot be reached: the proxy of the environment (HTTPS_PROXY, HTTP_PROXY) answers HTTP ${answer}.`;
  return reason === 'bad port' ? BAD_PORT : `could not be reached: ${sentence(reason)} Check the URL and the network.`;
}

/**
 * An HTTP status that is no success. `details.status` is the status.
 *
 * 401 and 403 are UNAUTHORIZED, and a request that was answered with 401 did not run; 5xx, 408, 425 and 429 an outage (CONNECTION_ERROR); every other one UPSTREAM_PROTOCOL.
 */
export function statusError(peer: HttpPeer, status: number, body?: string | null): HubError {
  const said =
    typeof body === 'string' && body.trim() !== '' && !/^\s*</.test(body) ? ` It says: ${sentence(quote(peer.redact(body)))}` : '';
  const [code, words] = status === 401 ? ['UNAUTHORIZED' as const, loginWords(peer)] : statusWords(status);
  const details = { server: peer.id, status, ...(status === 401 && peer.awaitsLogin && { awaitsLogin: true }) };
  const error = new HubError(code, `${name(peer)} answered HTTP ${status}: ${words}${said}`, { details });
  return status === 401 ? notRun(error) : error;
}

function loginWords({ id, awaitsLogin }: HttpPeer): string {
  return awaitsLogin
    ? `it asks for a login. Log in with "mcp-hub auth ${id}", or at its authorizationUrl (see GET /api/servers).`
    : 'it asks for a login. Put valid credentials into the "headers" of its entry.';
}

function statusWords(status: number): readonly [ErrorCode, string] {
  if (status === 403) return ['UNAUTHORIZED', 'it denies access. Check the credentials in the "headers" of its entry and what they allow.'];
  if (status === 429) return ['CONNECTION_ERROR', 'it is asked too often. It is tried again later.'];
  if (status >= 500 || status === 408 || status === 425) return ['CONNECTION_ERROR', 'the server has a problem of its own.'];
  if (status === 404) return ['UPSTREAM_PROTOCOL', 'nothing is there. Check the URL.'];
  if (status >= 300 && status < 400)
    return ['UPSTREAM_PROTOCOL', 'it redirects to another place, which is not followed. Use the final URL.'];
  return ['UPSTREAM_PROTOCOL', 'it does not take MCP requests at this URL. Check the URL and the "type" of its entry.'];
}

/** An answer that is not MCP: wrong content type, broken JSON, no answer at all. */
export function garbageError(peer: HttpPeer, what: string): HubError {
  return new HubError('UPSTREAM_PROTOCOL', `${name(peer)} ${peer.redact(what)} Check that the URL is that of an MCP server.`, {
    details: { server: peer.id },
  });
}

/** The session that the server had given is no longer known to it. */
export function sessionGoneError(peer: HttpPeer): HubError {
  return new HubError('CONNECTION_ERROR', `${name(peer)} has ended the session. A new one is made.`, {
    details: { server: peer.id, status: 404, session: 'ended' },
  });
}

/** Somebody uses a connection that has ended. */
export function closedError(peer: HttpPeer): HubError {
  return new HubError('CONNECTION_ERROR', `${name(peer)}: the connection is closed.`, { details: { server: peer.id } });
}

/** `Server "x" (https://…)` */
export function name(peer: HttpPeer): string {
  return `Server "${peer.id}" (${peer.label})`;
}

function rootMessage(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error && at.cause instanceof Error; depth += 1) at = at.cause;
  return messageOf(at);
}

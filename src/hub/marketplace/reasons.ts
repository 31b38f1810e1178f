import { HubError, messageOf } from '../../base/index.ts';
import { addressOf } from './entries.ts';

/** Why something could not be read. */
export type Reason = 'dns' | 'refused' | 'tls' | 'proxy' | 'timeout' | 'network' | 'status' | 'oversize' | 'garbage';

const advice: Readonly<Record<Reason, string>> = {
  dns: 'Its host name is not known here: check the spelling and the network, or set HTTPS_PROXY where only a proxy gets out.',
  refused: 'Nobody listens there: check the address and the port.',
  tls: 'Its certificate is not trusted: name the file of your own authority in NODE_EXTRA_CA_CERTS.',
  proxy: 'The proxy did not let it through: check HTTP_PROXY, HTTPS_PROXY and NO_PROXY.',
  timeout: 'It took too long: check the network, or set HTTPS_PROXY where only a proxy gets out.',
  network: 'The connection broke: check the network.',
  status: 'Try again later, or check the address.',
  oversize: 'Check the address.',
  garbage: 'Check the address: what is there is no registry.',
};

/** A MARKETPLACE_ERROR that says which address, why, and what to do. */
export function unreadable(url: string, reason: Reason, what: string, cause?: unknown): HubError {
  const address = withoutSecrets(url);
  return new HubError('MARKETPLACE_ERROR', `${address} cannot be read: ${what}. ${advice[reason]}`, {
    details: { url: address, reason },
    ...(cause !== undefined && { cause }),
  });
}

/** An address without user, password and query, each of which may hold a secret. */
export function withoutSecrets(url: string): string {
  const parsed = addressOf(url);
  return parsed ? `${parsed.origin}${parsed.pathname}` : 'The address';
}

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const TIMEOUTS = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const TLS = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/;

/** What a failed request means; through a proxy, names and connections are the proxy's own. */
export function failureOf(url: string, error: unknown, isProxied: boolean): HubError {
  const chain = causes(error);
  const last = chain.find((item) => codeOf(item) !== undefined) ?? chain.at(-1);
  const code = codeOf(last) ?? '';
  const what = code && !messageOf(last).includes(code) ? `${messageOf(last)} (${code})` : messageOf(last);
  const reason = kindOf(code);
  const isProxys = isProxied && (reason === 'dns' || reason === 'refused' || chain.some((item) => /proxy/i.test(messageOf(item))));
  return unreadable(url, isProxys ? 'proxy' : reason, what, error);
}

function kindOf(code: string): Reason {
  if (DNS.has(code)) return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (TIMEOUTS.has(code)) return 'timeout';
  return TLS.test(code) ? 'tls' : 'network';
}

/** The error and what is behind it, outermost first. */
function causes(error: unknown): readonly unknown[] {
  const found: unknown[] = [];
  const open = [error];
  while (open.length > 0 && found.length < 20) {
    const next = open.shift();
    if (next === undefined || next === null) continue;
    found.push(next);
    if (next instanceof AggregateError) open.push(...next.errors);
    if (next instanceof Error) open.push(next.cause);
  }
  return found;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

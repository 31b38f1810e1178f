import { HubError } from '../../base/index.ts';
import type { KeyScope } from '../../config/index.ts';
import type { Caller } from './access.ts';

const HOW =
  'Send one as "Authorization: Bearer …" or "X-API-Key: …"; commands of mcp-hub take it from MCP_HUB_API_KEY or --api-key-file. ' +
  '"mcp-hub key create" on the machine of the hub makes one.';

/** For a request without a key where one is needed. */
export function keyNeeded(): HubError {
  return new HubError('UNAUTHENTICATED', `The hub asks for an API key. ${HOW}`);
}

/** For a key that is none, was revoked, or is over: which of these is nobody's business. */
export function wrongKey(): HubError {
  return new HubError('UNAUTHENTICATED', `The hub does not know this API key: it is wrong, was revoked, or has expired. ${HOW}`, {
    details: { reason: 'wrong' },
  });
}

/** For an address that goes on sending wrong keys. @param retryAfter seconds */
export function tooManyWrong(retryAfter: number): HubError {
  const message = `Too many wrong API keys came from this address. Wait ${retryAfter} seconds before you try another one.`;
  return new HubError('LIMIT_EXCEEDED', message, { details: { retryAfter } });
}

/** Why a caller may not do what needs `scope`; `undefined` when they may. Whoever has `admin` may do everything. */
export function scopeProblem({ scopes }: Caller, scope: KeyScope): HubError | undefined {
  if (!scopes || scopes.has(scope) || scopes.has('admin')) return undefined;
  const own = [...scopes];
  const message = `The API key has no scope "${scope}", which this needs; it has: ${own.join(', ') || 'none'}. Make one with "mcp-hub key create <name> --scope ${[...own, scope].join(',')}".`;
  return new HubError('FORBIDDEN', message, { details: { scope, scopes: own } });
}

/** What a refusal says in headers: how to be let in (RFC 6750, section 3), and when to come back. */
export function headersOfRefusal({ code, details }: HubError): Readonly<Record<string, string>> {
  const { scope, reason, retryAfter } = details;
  if (code === 'UNAUTHENTICATED')
    return { 'www-authenticate': `Bearer realm="mcp-hub"${reason === 'wrong' ? ', error="invalid_token"' : ''}` };
  if (code === 'FORBIDDEN' && typeof scope === 'string')
    return { 'www-authenticate': `Bearer realm="mcp-hub", error="insufficient_scope", scope="${scope}"` };
  return code === 'LIMIT_EXCEEDED' && typeof retryAfter === 'number' ? { 'retry-after': String(retryAfter) } : {};
}

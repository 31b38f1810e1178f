import { HubError } from '../../base/index.ts';
import { type LoginContext, loginRefused } from './login-context.ts';

/** Statuses after which the same request may succeed later: they say nothing about the login. */
const OUTAGES: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * `fetch` for token endpoints, which answer in many ways: as a form, without `token_type`, with a lifetime in quotes or of nothing. What
 * comes out is what RFC 6749, section 5, asks for. A status that is the authorization server's own trouble is an outage, whatever
 * the body says: a login is not lost because a proxy was restarted.
 *
 * @throws HubError CONNECTION_ERROR for an outage, UPSTREAM_PROTOCOL for a redirect, UNAUTHORIZED for a token that is more than its text
 */
export function tokenFetch(context: LoginContext): typeof fetch {
  return async (input, init) => {
    const response = await context.fetch(input, init);
    const { status } = response;
    if (status >= 500 || OUTAGES.has(status)) {
      await response.body?.cancel();
      throw outage(context, `answers HTTP ${status} where tokens are given`);
    }
    const reply = repaired(fieldsOf(await response.text()), status);
    checkType(context, reply['token_type']);
    return new Response(JSON.stringify(reply), { status, headers: { 'content-type': 'application/json' } });
  };
}

/** The authorization server could not be asked, or not for a while. */
export function outage({ server }: LoginContext, words: string, cause?: unknown): HubError {
  const message = `The authorization server of server "${server}" ${words}. Try again in a moment; a login that there was is kept.`;
  return new HubError('CONNECTION_ERROR', message, { details: { server }, ...(cause !== undefined && { cause }) });
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {};
  } catch {
    // Expected: SyntaxError, a form, or a page of a proxy.
    const form = new URLSearchParams(text.trim());
    return form.has('access_token') || form.has('error') ? Object.fromEntries(form) : {};
  }
}

function repaired(given: Fields, status: number): Fields {
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== ''));
  if (typeof fields['access_token'] !== 'string') {
    // RFC 6749, section 5.2: 401 says that the client itself is not accepted.
    return status === 401 && typeof fields['error'] !== 'string' ? { error: 'invalid_client' } : fields;
  }
  const { error: _, expires_in, scope, token_type, ...rest } = fields;
  const seconds = Number(expires_in);
  return {
    ...rest,
    token_type: typeof token_type === 'string' ? token_type.trim() : 'Bearer',
    // A lifetime of nothing is a mistake: it is found out by use how long the token lives.
    ...(Number.isFinite(seconds) && seconds > 0 && { expires_in: seconds }),
    ...(typeof scope === 'string' && { scope }),
    ...(Array.isArray(scope) && { scope: scope.join(' ') }),
  };
}

/** A token of a kind that one does not know must not be used (RFC 6749, section 7.1): a server would refuse it, or ought to. */
function checkType(context: LoginContext, type: unknown): void {
  if (type === undefined || String(type).toLowerCase() === 'bearer') return;
  const words =
    `was not logged in at: its authorization server gave a token of type ${JSON.stringify(String(type).slice(0, 40))}, and the hub can use ` +
    '"Bearer" alone. Have the hub registered there as a client that gets such tokens, and set "clientId" of "oauth"; or put a token into "headers".';
  throw loginRefused(context, words);
}

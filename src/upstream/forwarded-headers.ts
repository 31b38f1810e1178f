import { headerKind, isHeaderName, isHeaderValue } from '../base/index.ts';
import { KnownSecrets } from './known-secrets.ts';

/** What one server is remembered to have been handed on: enough for all requests that run at once, and for errors that come late. */
const REMEMBERED = { maxCount: 1_000, maxLength: 256 * 1_024 };

/** The header fields of a request to the hub, by their names in lower case. */
export type ClientHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Picks of a client's headers those that are handed on; `undefined` for none. */
export type HeaderFilter = (headers: ClientHeaders | undefined) => Readonly<Record<string, string>> | undefined;

/**
 * The filter of one server.
 *
 * What is about a connection or a message, credentials for the hub and what browsers add is never handed on, whatever the patterns
 * say; nor is what the client's own `Connection` header names (RFC 9110, section 7.6.1).
 *
 * @param patterns names in lower case; `x-*` for all that begin so. Without any there is no filter
 * @param own names that the hub sends with a value of its own
 */
export function headerFilter(patterns: readonly string[] = [], own: Iterable<string> = []): HeaderFilter | undefined {
  if (patterns.length === 0) return undefined;
  const names = patterns.filter((pattern) => !pattern.endsWith('*'));
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const taken = new Set([...own].map((name) => name.toLowerCase()));
  const mayPass = (name: string): boolean => isHeaderName(name) && headerKind(name) === 'free' && !taken.has(name);
  return (headers) => {
    if (!headers) return undefined;
    const wanted = beginnings.length === 0 ? names : wantedOf(Object.keys(headers), names, beginnings);
    const passed: [string, string][] = [];
    for (const name of wanted) {
      const value = Object.hasOwn(headers, name) ? textOf(headers[name]) : undefined;
      if (value !== undefined && mayPass(name) && isHeaderValue(value)) passed.push([name, value]);
    }
    if (passed.length === 0) return undefined;
    const ended = endingHere(headers);
    const left = passed.filter(([name]) => !ended.has(name));
    return left.length === 0 ? undefined : Object.fromEntries(left);
  };
}

/** A filter that remembers what it hands on, so that a server which quotes it in an error can be kept from telling others. */
export function rememberingFilter(filter: HeaderFilter): { readonly forward: HeaderFilter; redact(text: string): string } {
  const handedOn = new KnownSecrets(REMEMBERED);
  return {
    forward: (headers) => {
      const passed = filter(headers);
      if (passed) handedOn.learn(...Object.values(passed));
      return passed;
    },
    redact: (text) => handedOn.redact(text),
  };
}

function wantedOf(present: readonly string[], names: readonly string[], beginnings: readonly string[]): readonly string[] {
  return present.filter((name) => names.includes(name) || beginnings.some((beginning) => name.startsWith(beginning)));
}

/** What the client says is meant for the hub alone. */
function endingHere(headers: ClientHeaders): ReadonlySet<string> {
  const named = textOf(headers['connection']) ?? '';
  return new Set(named.split(',').map((name) => name.trim().toLowerCase()));
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

import { closest, HubError } from '../../base/index.ts';
import type { Route } from './route.ts';

interface Pattern {
  readonly route: Route;
  readonly matches: RegExp;
}

/** Knows which methods a path has, and what to say of a request that no route takes. */
export class Paths {
  readonly #patterns: readonly Pattern[];

  constructor(routes: readonly Route[]) {
    this.#patterns = routes.map((route) => ({ route, matches: patternOf(route.path) }));
  }

  /** The methods of a path, in the words of HTTP; empty when there is no such path. */
  allowed(path: string): readonly string[] {
    const found = this.#patterns.filter(({ matches }) => matches.test(path)).map(({ route }) => route);
    const methods = found.map(({ method }) => method.toUpperCase());
    const hasHead = found.some(({ method, noHead }) => method === 'get' && !noHead);
    if (methods.length === 0) return [];
    return [...new Set([...methods, ...(hasHead ? ['HEAD'] : []), 'OPTIONS'])].sort();
  }

  /**
   * The methods of the route that has exactly this path, when another one took the request because it takes any name there:
   * `GET /api/servers/info` asks for a server called "info", but if there is none it was hardly meant.
   */
  exactly(path: string): readonly string[] {
    const exact = this.#patterns.filter(({ route, matches }) => !route.path.includes(':') && matches.test(path));
    return [...new Set(exact.map(({ route }) => route.method.toUpperCase()))].sort();
  }

  /** Why nothing serves a request: METHOD_NOT_ALLOWED (`details.allow`) or METHOD_NOT_FOUND with the closest path. */
  refusal(method: string, path: string): HubError {
    const allow = this.allowed(path);
    if (allow.length > 0 && !allow.includes(method)) {
      return notAllowed(method, path, allow);
    }
    const near = closest(path, new Set(this.#patterns.map(({ route }) => route.path)));
    const hint = near === undefined ? 'GET /api/openapi.json lists everything.' : `Did you mean ${near}?`;
    const details = { method, path: shown(path), ...(near !== undefined && { closest: near }) };
    return new HubError('METHOD_NOT_FOUND', `There is no ${method} ${shown(path)}. ${hint}`, { details });
  }
}

/** METHOD_NOT_ALLOWED, with what is allowed in `details.allow`. */
export function notAllowed(method: string, path: string, allow: readonly string[]): HubError {
  const message = `${method} is not allowed on ${shown(path)}. Allowed: ${allow.join(', ')}.`;
  return new HubError('METHOD_NOT_ALLOWED', message, { details: { method, path: shown(path), allow } });
}

/** A parameter stands for one segment; a slash may end the path. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}/?$`, 'i');
}

const shown = (path: string): string => (path.length > 200 ? `${path.slice(0, 200)}…` : path);

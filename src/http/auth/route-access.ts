import type { KeyScope } from '../../config/index.ts';

/** As much of a route as says who may use it. */
interface Guarded {
  readonly method: string;
  readonly tag: string;
  readonly noHead?: true | undefined;
  readonly needs?: KeyScope | 'nothing' | undefined;
}

/**
 * The scope that a key must have for a route, or `nothing` for one that is open without a key. A route that says nothing about it is for
 * calls, or is a GET that only tells, or else needs `admin`: what somebody forgets to mark is closed, not open.
 */
export function neededScope({ method, tag, noHead, needs }: Guarded): KeyScope | 'nothing' {
  if (needs !== undefined) return needs;
  if (tag === 'Calls') return 'mcp';
  return method === 'get' && !noHead ? 'read' : 'admin';
}

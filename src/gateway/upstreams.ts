import type { Disposable } from '../base/index.ts';
import type { PoolEvents, Upstream } from '../upstream/index.ts';

/** The set of upstreams, in config order, as far as the gateway needs it. The pool is one. */
export interface Upstreams {
  all(): readonly Upstream[];
  get(id: string): Upstream | undefined;
  on<K extends keyof PoolEvents>(name: K, listener: (event: PoolEvents[K]) => void): Disposable;
}

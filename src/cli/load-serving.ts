import type { ServeContext } from './commands/serve.ts';
import { type CreateHub, loadHub } from './load-hub.ts';

export interface Serving {
  readonly createHub: CreateHub;
  readonly runServe: (context: ServeContext) => Promise<void>;
}

/** Loads what serves, all of it at once. In the bundle that is one script, which is run instead of this (build/merge-entries.mjs). */
export async function loadServing(): Promise<Serving> {
  const [{ runServe }, createHub] = await Promise.all([import('./commands/serve.ts'), loadHub()]);
  return { runServe, createHub };
}

import type { Hub, HubOptions } from './types.ts';

/** Loads the hub with all its parts. The rest of this door is light, for commands that only look for a hub that runs. */
export async function loadHub(): Promise<(options: HubOptions) => Hub> {
  return (await import('./hub.ts')).createHub;
}

import type { Hub, HubOptions } from '../hub/index.ts';

/** Makes a hub that has not started anything yet. */
export type CreateHub = (options: HubOptions) => Hub;

/** The hub is loaded only when one is started: no other command pays for it. */
export async function loadHub(): Promise<CreateHub> {
  return (await import('../hub/index.ts')).loadHub();
}

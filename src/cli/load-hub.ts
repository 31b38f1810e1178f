import { HubError } from '../base/index.ts';
import type { Hub, HubOptions } from '../hub/index.ts';

/** Makes a hub that has not started anything yet. */
export type CreateHub = (options: HubOptions) => Hub;

/** The hub is loaded only when one is started: no other command pays for it. */
export async function loadHub(): Promise<CreateHub> {
  // INTEGRATION: return (await import('../hub/index.ts')).createHub;
  throw new HubError('UNHANDLED_ERROR', 'This build holds no hub.');
}

import type { ServerDefinition } from '../config/index.ts';
import type { UpstreamParts } from './incarnation.ts';
import type { SupervisorListener } from './lives.ts';

/** What one upstream is made of. */
export interface SupervisorOptions {
  readonly definition: ServerDefinition;
  readonly parts: UpstreamParts;
  /** How long requests wait for a start, counted from its beginning, in milliseconds; asked for every wait. */
  readonly startupWaitMs: () => number;
  /** What must be over before the first start, such as the end of another server of the same name; never rejects. */
  readonly after?: Promise<void> | undefined;
  /** `false` once nobody would stop what is started: starts do nothing then. Default: always `true`. */
  readonly mayRun?: () => boolean;
  readonly on: SupervisorListener;
}

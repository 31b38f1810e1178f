import type { Disposable } from '../base/index.ts';
import type { UpstreamState, Pool } from '../upstream/index.ts';
import { DevMode, type DevModeOptions } from './dev-mode.ts';

export interface DevPoolOptions extends Pick<DevModeOptions, 'clock' | 'logger' | 'publish' | 'env' | 'cwd'> {
  readonly pool: Pick<Pool, 'get'>;
  /** As the hub's news have it: while it lives, nobody else tells of these servers. */
  readonly mute: (names: Iterable<string>) => Disposable;
}

/** What a server that is not to run is in. */
const UNWANTED: ReadonlySet<UpstreamState['kind']> = new Set(['disabled', 'stopped', 'stopping']);
const NOTHING = { tools: [], resources: [], resourceTemplates: [], prompts: [] } as const;

/** Dev mode for the servers of a pool; whoever makes it calls `follow` after every change of the config, and `close`. */
export function devModeOf({ pool, mute, ...options }: DevPoolOptions): DevMode {
  return new DevMode({
    ...options,
    isWanted: (id) => !UNWANTED.has(pool.get(id)?.state.kind ?? 'stopped'),
    restart: async (id) => {
      const muted = mute([id]);
      await pool.get(id)?.restart();
      muted.dispose();
    },
    capabilities: (id) => pool.get(id)?.listing?.items ?? NOTHING,
  });
}

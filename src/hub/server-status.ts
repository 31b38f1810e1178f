import type { UpstreamState } from '../upstream/index.ts';

/** The words for a server's state that clients of the management API know. */
export type ServerStatus = 'connected' | 'connecting' | 'disconnected' | 'unauthorized' | 'disabled';

const STATUS: Readonly<Record<UpstreamState['kind'], ServerStatus>> = {
  ready: 'connected',
  starting: 'connecting',
  backoff: 'disconnected',
  failed: 'disconnected',
  stopped: 'disconnected',
  stopping: 'disconnected',
  'auth-required': 'unauthorized',
  disabled: 'disabled',
};

export function statusOf({ kind }: UpstreamState): ServerStatus {
  return STATUS[kind];
}

/** What is wrong with a server, in words; `null` when nothing is. */
export function errorOf(state: UpstreamState): string | null {
  switch (state.kind) {
    case 'backoff':
      return state.last.message;
    case 'failed':
    case 'auth-required':
      return state.error.message;
    case 'starting':
      return state.last?.message ?? null;
    default:
      return null;
  }
}

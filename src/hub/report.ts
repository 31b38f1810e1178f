import type { CatalogNote } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { Upstream, UpstreamState } from '../upstream/index.ts';
import type { ServerReport } from './types.ts';

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

export function reportOf(upstream: Upstream, notes: readonly CatalogNote[]): ServerReport {
  const items = upstream.listing?.items;
  return {
    name: upstream.id,
    state: upstream.state,
    counts: {
      tools: items?.tools.length ?? 0,
      prompts: items?.prompts.length ?? 0,
      resources: items?.resources.length ?? 0,
      resourceTemplates: items?.resourceTemplates.length ?? 0,
    },
    notes: notes.filter(({ serverId }) => serverId === upstream.id).map(noteText),
  };
}

/** One line of a note, as it stands on the terminal, in the log and in the API. */
export function noteText({ kind, name, severity, reason }: CatalogNote): string {
  const what = kind === 'server' ? 'server' : kind.replace(/s$/, '');
  return severity === 'hidden' ? `${what} ${name} is hidden: ${reason}` : `${what} ${name}: ${reason}`;
}

/** One server as `GET /api/health` shows it (docs/contract of the management API: name, status, capabilities). */
export function serverObject(
  upstream: Upstream,
  definition: ServerDefinition | undefined,
  notes: readonly CatalogNote[],
  nowMs: number,
): object {
  const { state, listing, id } = upstream;
  const ready = state.kind === 'ready' ? state : undefined;
  return {
    name: id,
    displayName: definition?.displayName ?? id,
    description: definition?.description ?? '',
    transportType: definition?.kind === 'remote' ? 'sse' : 'stdio',
    status: statusOf(state),
    error: errorOf(state),
    capabilities: listing?.items ?? { tools: [], resources: [], resourceTemplates: [], prompts: [] },
    uptime: ready ? Math.round((nowMs - ready.sinceMs) / 1000) : 0,
    lastStarted: ready ? new Date(ready.sinceMs).toISOString() : null,
    authorizationUrl: null,
    config_source: definition?.source ?? null,
    notes: notes.filter(({ serverId }) => serverId === id).map(noteText),
    noiseCount: upstream.noiseCount,
  };
}

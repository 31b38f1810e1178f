import type { CatalogNote } from '../catalog/index.ts';
import type { ServerDefinition } from '../config/index.ts';
import type { ServerObject } from '../http/index.ts';
import type { Upstream, UpstreamState } from '../upstream/index.ts';
import { type ReplicaReport, replicasOf } from './replicas.ts';
import { errorOf, statusOf } from './server-status.ts';
import { supervisionOf, type SupervisionFacts } from './supervision.ts';
import type { ServerReport } from './types.ts';

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
    notes: notesOf(upstream, notes),
  };
}

/** Of its lists as a whole first, then of single things in them. */
function notesOf({ id, listNotes = [] }: Upstream, notes: readonly CatalogNote[]): readonly string[] {
  return [...listNotes, ...notes.filter(({ serverId }) => serverId === id).map(noteText)];
}

/** One line of a note, as it stands on the terminal, in the log and in the API. */
export function noteText({ kind, name, severity, reason }: CatalogNote): string {
  const what = kind === 'server' ? 'server' : kind.replace(/s$/, '');
  return severity === 'hidden' ? `${what} ${name} is hidden: ${reason}` : `${what} ${name}: ${reason}`;
}

/** What the hub tells beside what its clients have always read. */
interface ServerExtras extends SupervisionFacts {
  readonly notes: readonly string[];
  readonly noiseCount: number;
  readonly replicas: readonly ReplicaReport[] | null;
}

const NOTHING = { tools: [], resources: [], resourceTemplates: [], prompts: [] } as const;

/** One server as `GET /api/health` shows it, in the fields that clients of the management API read. */
export function serverObject(
  upstream: Upstream,
  notes: readonly CatalogNote[],
  nowMs: number,
  authorizationUrl: string | undefined,
): ServerObject & ServerExtras {
  const { definition, state, listing, id } = upstream;
  return {
    name: id,
    displayName: definition.displayName ?? id,
    description: definition.description ?? '',
    // Clients choose an icon by this: every remote server is `sse` to them.
    transportType: isRemote(definition) ? 'sse' : 'stdio',
    status: statusOf(state),
    error: errorOf(state),
    capabilities: listing?.items ?? NOTHING,
    serverInfo: upstream.serverInfo ?? null,
    ...uptimeOf(state, nowMs),
    authorizationUrl: authorizationUrl ?? null,
    loggedIn: null,
    config_source: definition.source,
    notes: notesOf(upstream, notes),
    noiseCount: upstream.noiseCount,
    ...supervisionOf(upstream),
    replicas: replicasOf(upstream),
  };
}

function isRemote(definition: ServerDefinition): boolean {
  return definition.kind === 'invalid' ? definition.isRemote === true : definition.kind === 'remote';
}

/** Seconds since the server became ready, and when that was. */
function uptimeOf(state: UpstreamState, nowMs: number): { readonly uptime: number; readonly lastStarted: string | null } {
  if (state.kind !== 'ready') return { uptime: 0, lastStarted: null };
  return { uptime: Math.round((nowMs - state.sinceMs) / 1000), lastStarted: new Date(state.sinceMs).toISOString() };
}

import type { HubState } from './types.ts';

/**
 * The version that clients of the management API compare for equality: plugins written against 4.2.1 restart a hub that
 * reports anything else. The hub's own version is `hubVersion`.
 */
export const COMPATIBLE_VERSION = '4.2.1';

export interface HealthFacts {
  readonly state: HubState;
  readonly hubVersion: string;
  readonly port: number;
  /** Clients of `/mcp` that are known to be there. */
  readonly mcpClients: number;
  readonly counts: { readonly tools: number; readonly resources: number; readonly resourceTemplates: number; readonly prompts: number };
  readonly servers: readonly object[] | undefined;
  readonly nowMs: number;
}

/** The body of `GET /api/health`. */
export function healthObject({ state, hubVersion, port, mcpClients, counts, servers, nowMs }: HealthFacts): object {
  return {
    status: 'ok',
    state,
    server_id: 'mcp-hub',
    version: COMPATIBLE_VERSION,
    hubVersion,
    pid: process.pid,
    activeClients: 0,
    timestamp: new Date(nowMs).toISOString(),
    servers: servers ?? [],
    connections: { totalConnections: 0, connections: [] },
    mcpEndpoint: {
      activeClients: mcpClients,
      registeredCapabilities: counts,
      totalCapabilities: counts.tools + counts.resources + counts.resourceTemplates + counts.prompts,
    },
    workspaces: { current: String(port), allActive: {} },
  };
}

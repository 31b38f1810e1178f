import type { HubState } from './types.ts';

/**
 * The version that clients of the management API compare for equality: plugins written against 4.2.1 restart a hub that
 * reports anything else. The hub's own version is `hubVersion`.
 */
const COMPATIBLE_VERSION = '4.2.1';

/** What this hub reports as its version: plugins of other times may want another one, which `MCP_HUB_REPORTED_VERSION` names. */
export function reportedVersion(env: NodeJS.ProcessEnv): string {
  return env['MCP_HUB_REPORTED_VERSION']?.trim() || COMPATIBLE_VERSION;
}

export interface HealthFacts {
  readonly state: HubState;
  /** @see reportedVersion */
  readonly version: string;
  readonly hubVersion: string;
  readonly shutdownTimeoutMs: number;
  /** This hub's own name among {@link workspaces}. */
  readonly workspace: string;
  /** Clients of `/mcp` that are known to be there. */
  readonly mcpClients: number;
  readonly counts: { readonly tools: number; readonly resources: number; readonly resourceTemplates: number; readonly prompts: number };
  readonly servers: readonly object[];
  /** The hubs that run, by port. */
  readonly workspaces: Readonly<Record<string, object>>;
  readonly nowMs: number;
}

/** The body of `GET /api/health`. */
export function healthObject(facts: HealthFacts): object {
  const { state, version, hubVersion, workspace, shutdownTimeoutMs, mcpClients, counts, servers, workspaces, nowMs } = facts;
  return {
    status: 'ok',
    state,
    server_id: 'mcp-hub',
    version,
    hubVersion,
    pid: process.pid,
    shutdownTimeout: shutdownTimeoutMs,
    activeClients: 0,
    timestamp: new Date(nowMs).toISOString(),
    servers,
    connections: { totalConnections: 0, connections: [] },
    mcpEndpoint: {
      activeClients: mcpClients,
      registeredCapabilities: counts,
      totalCapabilities: counts.tools + counts.resources + counts.resourceTemplates + counts.prompts,
    },
    workspaces: { current: workspace, allActive: workspaces },
  };
}

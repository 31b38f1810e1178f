import { resolve } from 'node:path';
import type { EventFeed, KeyControl, Logins, Management, Marketplace } from '../http/index.ts';
import { type Clock, waitAtMost } from '../base/index.ts';
import { type ConfigChanges, configChanges, diffConfigs } from '../config/index.ts';
import type { ListKind } from '../protocol/index.ts';
import { HubConfigControl } from './config-control.ts';
import { healthObject, reportedVersion } from './health.ts';
import type { HubLife } from './life.ts';
import type { LiveConfig } from './live-config.ts';
import type { HubParts } from './parts.ts';
import { HubServers, startWait } from './server-control.ts';
import type { HubOptions } from './types.ts';
import { type WorkspaceFile, workspaceKey } from './workspaces.ts';

export interface HubManagementOptions {
  readonly options: HubOptions;
  readonly parts: Omit<HubParts, 'server' | 'way'>;
  readonly config: LiveConfig;
  readonly life: HubLife;
  readonly workspaces: WorkspaceFile;
  readonly events: EventFeed;
  /** A start or stop of this server was asked for and is over: readers of the events hear of it. */
  readonly tellOf: (name: string) => void;
  readonly marketplace: Marketplace;
  readonly logins: Logins;
  readonly clock: Clock;
  readonly port: () => number;
  /** The hub stops. */
  readonly stopped: AbortSignal;
}

/** The hub as the management API has it. */
export class HubManagement implements Management {
  readonly events: EventFeed;
  readonly servers: HubServers;
  readonly config: HubConfigControl;
  readonly marketplace: Marketplace;
  readonly logins: Logins;
  readonly keys: KeyControl;
  readonly #options: HubManagementOptions;

  constructor(options: HubManagementOptions) {
    this.#options = options;
    const { parts, config, clock, stopped, events, tellOf, marketplace, logins } = options;
    this.events = events;
    this.marketplace = marketplace;
    this.logins = logins;
    this.keys = parts.keys;
    const waitForStart = startWait(clock, stopped);
    this.servers = new HubServers({ ...parts, config, tellOf, clock, waitForStart });
    this.config = new HubConfigControl({ config, servers: this.servers, cwd: options.options.cwd, waitForStart });
  }

  async health(): Promise<object> {
    const { options, life, config, clock, port } = this.#options;
    const { socket } = options;
    const { gateway, endpoint } = this.#options.parts;
    const count = (kind: ListKind): number => gateway.count(kind);
    return healthObject({
      state: life.state,
      version: reportedVersion(options.env),
      hubVersion: options.version,
      shutdownTimeoutMs: config.current.settings.shutdownTimeoutMs,
      workspace: workspaceKey({ port: port(), ...(socket !== undefined && { socket: resolve(options.cwd, socket) }) }),
      mcpClients: endpoint.clientCount,
      counts: {
        tools: count('tools'),
        resources: count('resources'),
        resourceTemplates: count('resourceTemplates'),
        prompts: count('prompts'),
      },
      servers: this.servers.all(),
      workspaces: await this.workspaces(),
      nowMs: clock.now(),
    });
  }

  async workspaces(): Promise<Readonly<Record<string, object>>> {
    // Expected: EACCES. A hub that cannot read the list still knows of itself, and has warned already.
    return this.#options.workspaces.read().catch(() => ({}));
  }

  async restart(): Promise<ConfigChanges> {
    const { life, config, clock, stopped } = this.#options;
    const before = config.current;
    await life.restart(async () => {
      const { done } = await config.reload();
      // As with the first start: a server that takes its time does not keep the hub from being there again.
      const { startupWaitMs: atMostMs } = config.current.settings;
      await waitAtMost(Promise.all([done, this.servers.startDown()]), { clock, atMostMs, signal: stopped });
    });
    return configChanges(before, config.current, diffConfigs(before, config.current));
  }

  hardRestart(): void {
    this.#options.life.hardRestart();
  }
}

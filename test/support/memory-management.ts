import { HubError } from '../../src/base/index.ts';
import type {
  ConfigControl,
  ConfigEditOptions,
  ConfigEditResult,
  EventFeed,
  KeyControl,
  KeyEntry,
  Logins,
  Management,
  Marketplace,
  MarketplaceQuery,
  ServerControl,
  ServerObject,
} from '../../src/http/index.ts';

const NOTHING = { tools: [], resources: [], resourceTemplates: [], prompts: [] };
const FILE = '/etc/mcp/servers.json';

export function serverObject(name: string, over: Partial<ServerObject> = {}): ServerObject {
  return {
    name,
    displayName: name,
    description: '',
    transportType: 'stdio',
    status: 'connected',
    error: null,
    capabilities: NOTHING,
    uptime: 1,
    lastStarted: '2026-01-01T00:00:00.000Z',
    authorizationUrl: null,
    loggedIn: null,
    serverInfo: null,
    config_source: FILE,
    ...over,
  };
}

/** The hub's side of the management API without a hub: servers and their entries in memory. */
export class MemoryManagement implements Management {
  readonly entries = new Map<string, object>();
  readonly states = new Map<string, ServerObject>();
  /** What was asked for, oldest first. */
  readonly asked: unknown[] = [];
  readonly marketplaceServers: { id: string; name: string }[] = [{ id: 'time', name: 'Time' }];
  readonly apiKeys: KeyEntry[] = [
    { id: 'known', name: 'known', scopes: ['mcp'], createdAt: '2026-01-01T00:00:00.000Z', expiresAt: null, lastUsedAt: null },
  ];
  /** The principals with logins of their own. */
  readonly ownLogins = new Set<string>();
  warning: string | undefined;
  version = 1;

  constructor(...servers: readonly ServerObject[]) {
    for (const server of servers) {
      this.states.set(server.name, server);
      this.entries.set(server.name, { command: 'run' });
    }
  }

  readonly events: EventFeed = { snapshot: () => [], since: () => undefined, on: () => ({ dispose: () => {} }) };

  readonly servers: ServerControl = {
    all: () => [...this.states.values()],
    get: (name) => this.#server(name),
    start: async (name) => this.#become(name, { status: 'connected' }),
    stop: async (name, { disable }) => this.#become(name, { status: disable ? 'disabled' : 'disconnected' }),
    restart: async (name) => ({ server: this.#become(name, { status: 'connected', uptime: 0 }), notRenewed: [] }),
    refresh: async (name) => {
      const server = this.#server(name);
      if (server.status === 'connected') return server;
      throw new HubError('SERVER_NOT_CONNECTED', `Server "${name}" is not running. Start it first.`, { details: { server: name } });
    },
    refreshAll: async () => [...this.states.values()],
    log: (name) => {
      this.#server(name);
      return ['one', 'two', 'three'].map((text, index) => ({ atMs: index, text }));
    },
    environment: async (name) => {
      this.#server(name);
      return [{ name: 'PATH', value: '…', from: 'inherited' }];
    },
  };

  readonly config: ConfigControl = {
    entry: async (name) => {
      this.#server(name);
      return { entry: this.entries.get(name) ?? {}, file: FILE, etag: this.#etag };
    },
    add: async (name, entry, { file = FILE, ...options }) => {
      if (this.states.has(name)) throw new HubError('ALREADY_EXISTS', `There is a server "${name}" already.`);
      return this.#edit(options, () => this.#put(name, entry), name, file);
    },
    change: async (name, patch, options) => {
      this.#server(name);
      return this.#edit(options, () => this.#put(name, { ...this.entries.get(name), ...patch }), name);
    },
    remove: async (name, options) => {
      this.#server(name);
      return this.#edit(options, () => {
        this.states.delete(name);
        this.entries.delete(name);
      });
    },
  };

  readonly marketplace: Marketplace = {
    list: async (query: MarketplaceQuery) => {
      this.asked.push(query);
      return { servers: this.marketplaceServers, warning: this.warning };
    },
    details: async (id) => {
      const server = this.marketplaceServers.find((each) => each.id === id);
      if (server) return { server, readmeContent: '# Read me' };
      throw new HubError('RESOURCE_NOT_FOUND', `The marketplace has no server "${id}".`, { details: { id } });
    },
  };

  readonly logins: Logins = {
    hasOwn: (_, principal) => this.ownLogins.has(principal),
    seenBy: async (_, server) => server,
    authorize: async (name, { principal }) => {
      this.#server(name);
      this.asked.push(`authorize ${principal}`);
      return { authorizationUrl: `https://login.example/${encodeURIComponent(name)}` };
    },
    logOut: async (name, principal) => {
      this.#server(name);
      this.asked.push(`logout ${principal}`);
      return { revoked: true };
    },
    finish: async (params) => {
      if (params.has('error')) throw new HubError('UNAUTHORIZED', `No login: ${params.get('error')}.`);
      const { name } = this.#server(params.get('server_name') ?? '');
      return { server: name, message: `Logged in at "${name}".` };
    },
  };

  readonly keys: KeyControl = {
    list: () => this.apiKeys,
    create: async ({ name, scopes }) => {
      if (this.apiKeys.some((key) => key.name === name)) throw new HubError('ALREADY_EXISTS', `There is a key "${name}" already.`);
      const key = {
        id: `id${this.apiKeys.length}`,
        name,
        scopes,
        createdAt: '2026-01-01T00:00:00.000Z',
        expiresAt: null,
        lastUsedAt: null,
      };
      this.apiKeys.push(key);
      return { text: 'mcphub_secret', key };
    },
    revoke: async (idOrName) => {
      const at = this.apiKeys.findIndex(({ id, name }) => id === idOrName || name === idOrName);
      const [key] = at < 0 ? [] : this.apiKeys.splice(at, 1);
      if (key) return key;
      throw new HubError('RESOURCE_NOT_FOUND', `There is no API key "${idOrName}".`);
    },
  };

  async health(): Promise<object> {
    const counts = { tools: 0, resources: 0, resourceTemplates: 0, prompts: 0 };
    return {
      status: 'ok',
      state: 'ready',
      server_id: 'mcp-hub',
      hubVersion: '4.3.0',
      pid: process.pid,
      version: '4.2.1',
      servers: this.servers.all(),
      mcpEndpoint: { activeClients: 0, registeredCapabilities: counts, totalCapabilities: 0 },
      workspaces: { current: '1', allActive: {} },
    };
  }

  async workspaces(): Promise<Readonly<Record<string, object>>> {
    return { '37373': { pid: 1, port: 37373 } };
  }

  async restart() {
    this.asked.push('restart');
    return { added: [], removed: [], changed: {}, settings: [] };
  }

  hardRestart(): void {
    this.asked.push('hard-restart');
  }

  get #etag(): string {
    return `v${this.version}`;
  }

  #server(name: string): ServerObject {
    const server = this.states.get(name);
    if (server) return server;
    throw new HubError('SERVER_NOT_FOUND', `No server "${name}" is configured.`, { details: { server: name } });
  }

  #become(name: string, change: Partial<ServerObject>): ServerObject {
    const server = { ...this.#server(name), ...change };
    this.states.set(name, server);
    return server;
  }

  #put(name: string, entry: object): void {
    if (Object.keys(entry).length === 0) throw new HubError('CONFIG_ERROR', `Server "${name}" has neither "command" nor "url".`);
    this.entries.set(name, entry);
    if (!this.states.has(name)) this.states.set(name, serverObject(name));
  }

  #edit({ ifMatch, dryRun }: ConfigEditOptions, edit: () => void, name?: string, file = FILE): ConfigEditResult {
    if (ifMatch !== undefined && ifMatch !== this.#etag)
      throw new HubError('PRECONDITION_FAILED', 'The config file has changed. Read it again.', { details: { etag: this.#etag } });
    if (!dryRun) {
      edit();
      this.version += 1;
    }
    return { file, etag: this.#etag, diff: '', server: name === undefined ? undefined : this.states.get(name) };
  }
}

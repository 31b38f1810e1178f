import { type CancelSignal, type Disposable, Emitter, HubError } from '../../src/base/index.ts';
import type { CacheHint, Listing } from '../../src/catalog/index.ts';
import type { RemoteDefinition, ServerDefinition, StdioDefinition } from '../../src/config/index.ts';
import type { Era, JsonObject, ListKind, NotificationMessage, Outcome, RpcError } from '../../src/protocol/index.ts';
import type {
  LogLine,
  PoolEvents,
  RefusedResources,
  RootsSource,
  Supervision,
  Upstream,
  UpstreamAnswer,
  UpstreamRequest,
  UpstreamState,
} from '../../src/upstream/index.ts';

export interface ListingParts {
  readonly era?: Era;
  readonly tools?: readonly JsonObject[];
  readonly prompts?: readonly JsonObject[];
  readonly resources?: readonly JsonObject[];
  readonly resourceTemplates?: readonly JsonObject[];
  readonly capabilities?: JsonObject;
  readonly instructions?: string;
}

/** A tool with an object schema, as the catalog wants it. */
export const tool = (name: string, more: JsonObject = {}): JsonObject => ({ name, inputSchema: { type: 'object' }, ...more });

export function listing(parts: ListingParts = {}): Listing {
  const era = parts.era ?? 'legacy';
  return {
    identity: {
      era,
      protocolVersion: era === 'modern' ? '2026-07-28' : '2025-11-25',
      serverInfo: { name: 'fake', version: '1' },
      capabilities: parts.capabilities ?? { tools: {}, prompts: {}, resources: { subscribe: true } },
      ...(parts.instructions !== undefined && { instructions: parts.instructions }),
    },
    items: {
      tools: parts.tools ?? [],
      prompts: parts.prompts ?? [],
      resources: parts.resources ?? [],
      resourceTemplates: parts.resourceTemplates ?? [],
    },
  };
}

/** A definition that says nothing in particular. */
export function definitionOf(id: string, more: Partial<StdioDefinition> = {}): StdioDefinition {
  return {
    kind: 'stdio',
    id,
    command: 'x',
    args: [],
    env: {},
    disabled: false,
    initTimeoutMs: 60_000,
    requestTimeoutMs: 1_000,
    isolation: 'auto',
    maxConnections: 4,
    source: 'mcp.json',
    errors: [],
    ...more,
  };
}

/** The same for a server at an address. */
export function remoteDefinitionOf(id: string, more: Partial<RemoteDefinition> = {}): RemoteDefinition {
  const { command: _command, args: _args, ...rest } = definitionOf(id);
  return { ...rest, kind: 'remote', url: 'https://a.example/', headers: {}, transport: 'auto', ...more };
}

type Answerer = (request: UpstreamRequest) => Outcome | Promise<Outcome>;

/** An upstream that answers by a script and remembers what it was asked. */
export class FakeUpstream implements Upstream {
  readonly id: string;
  state: UpstreamState;
  listing: Listing | undefined;
  readonly requests: UpstreamRequest[] = [];
  readonly subscriptions: string[][] = [];
  readonly watchedTasks: string[][] = [];
  readonly logLevels: (string | undefined)[] = [];
  degraded: string | undefined;
  readonly noiseCount = 0;
  readonly serverInfo = undefined;
  readonly environmentNames = [];
  definition: ServerDefinition;
  readonly notifications: NotificationMessage[] = [];
  /** What {@link listHint} says of every list. */
  hint: CacheHint | undefined = { ttlMs: 0, cacheScope: 'private' };
  resourceEpoch: string | undefined = 'first';
  onFreshen: (kind: ListKind) => Promise<void> | undefined = () => undefined;
  answer: Answerer = () => ({ result: {} });
  onSettled: () => Promise<void> = () => Promise.resolve();

  constructor(id: string, offered: Listing | undefined) {
    this.id = id;
    this.listing = offered;
    this.definition = definitionOf(id);
    this.state = offered
      ? { kind: 'ready', sinceMs: 0, tookMs: 1, identity: offered.identity }
      : { kind: 'starting', sinceMs: 0, attempt: 1 };
  }

  async request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    this.requests.push(request);
    const down = this.unavailable();
    if (down) throw down;
    return { era: this.listing?.identity.era ?? 'legacy', outcome: await this.answer(request) };
  }

  listHint(): CacheHint | undefined {
    return this.hint;
  }

  freshen(kind: ListKind): Promise<void> | undefined {
    return this.onFreshen(kind);
  }

  /** Whose logins were said to have ended. */
  readonly endedLogins: string[] = [];

  async endLogin(principalId: string): Promise<void> {
    this.endedLogins.push(principalId);
  }

  notify(notification: NotificationMessage): void {
    this.notifications.push(notification);
  }

  unavailable(): HubError | undefined {
    return this.state.kind === 'ready' ? undefined : new HubError('SERVER_NOT_CONNECTED', `The server "${this.id}" is ${this.state.kind}.`);
  }

  settled(): Promise<void> {
    return this.onSettled();
  }

  /** What it refuses to tell of. */
  readonly refused = new Map<string, RpcError>();

  ready = async (_signal?: CancelSignal): Promise<void> => {
    const down = this.unavailable();
    if (down) throw down;
  };

  async setSubscribedResources(uris: ReadonlySet<string>): Promise<RefusedResources | undefined> {
    this.subscriptions.push([...uris].sort());
    return this.unavailable() ? undefined : new Map([...this.refused].filter(([uri]) => uris.has(uri)));
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    this.watchedTasks.push([...taskIds].sort());
    return taskIds;
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    this.logLevels.push(level);
  }

  roots: RootsSource = async () => [];
  /** Whose roots it was told have changed. */
  readonly rootsChanges: (string | undefined)[] = [];
  readonly endedSessions: string[] = [];

  setRootsSource(source: RootsSource): void {
    this.roots = source;
  }

  rootsChanged(sessionId: string | undefined): void {
    this.rootsChanges.push(sessionId);
  }

  endSession(sessionId: string): void {
    this.endedSessions.push(sessionId);
  }

  stderrTail(): readonly LogLine[] {
    return [];
  }

  readonly load = { running: 0, waiting: 0 };
  readonly supervision: Supervision = { restarts: 0, lastError: undefined, lastSuccessMs: undefined, crashLoop: undefined };

  wake(): void {}

  start(): void {}

  async stop(): Promise<void> {}

  async restart(): Promise<void> {}

  async refresh(): Promise<void> {}
}

/** A set of fake upstreams with a hand on their events. */
export class FakeUpstreams {
  #members: FakeUpstream[];
  readonly #emitter = new Emitter<PoolEvents>((error) => {
    throw error;
  });

  constructor(...members: FakeUpstream[]) {
    this.#members = members;
  }

  all(): readonly FakeUpstream[] {
    return this.#members;
  }

  get(id: string): FakeUpstream | undefined {
    return this.#members.find((member) => member.id === id);
  }

  on<K extends keyof PoolEvents>(name: K, listener: (event: PoolEvents[K]) => void): Disposable {
    return this.#emitter.on(name, listener);
  }

  emit<K extends keyof PoolEvents>(name: K, event: PoolEvents[K]): void {
    this.#emitter.emit(name, event);
  }

  /** Makes these the members and tells of it, as the pool does. */
  apply(...members: FakeUpstream[]): void {
    const before = this.#members;
    this.#members = members;
    this.emit('members', {
      added: members.filter((member) => !before.some(({ id }) => id === member.id)).map(({ id }) => id),
      removed: before.filter((member) => !members.some(({ id }) => id === member.id)).map(({ id }) => id),
      changed: members.filter((member) => before.includes(member)).map(({ id }) => id),
    });
  }

  /** Gives a member a new listing and tells of it, as the pool does. */
  offer(id: string, offered: Listing): void {
    const member = this.get(id);
    if (!member) throw new Error(`no upstream ${id}`);
    member.listing = offered;
    member.state = { kind: 'ready', sinceMs: 0, tookMs: 1, identity: offered.identity };
    this.emit('listing', { id, listing: offered });
  }
}

import type { HubError } from '../../base/index.ts';
import type { NotificationMessage } from '../../protocol/index.ts';
import type { AskingTools } from './asking-tools.ts';
import { Incarnation, type StartableDefinition, type UpstreamParts } from '../incarnation.ts';
import { MainUse } from './main-use.ts';
import { clientOf, isOfSession, type Isolation, placeOf } from './placement.ts';
import { type Owner, SideConnections, type Wait } from './side-connections.ts';
import { isAboutTasks, TaskPlaces } from './task-places.ts';
import type { Connection, ConnectionEvents, RootsSource, UpstreamAnswer, UpstreamRequest } from '../types.ts';

export interface SwitchboardOptions {
  /** As it is now: how clients share the server may change while it runs. */
  readonly definition: () => StartableDefinition;
  readonly parts: UpstreamParts;
  /** The connection that all clients share. */
  readonly main: Connection;
  readonly asking: AskingTools;
  /** The roots of one session, or of all. */
  readonly roots: RootsSource;
  readonly forSession: (event: ConnectionEvents['forSession']) => void;
  /** The log level of connections to come. */
  readonly logLevel?: string | undefined;
}

/**
 * Leads every call to a connection of its server where a question of the server would reach the right client: the main one
 * as long as that is unambiguous ({@link placeOf}), or one beside it. Lives as long as the main connection.
 */
export class Switchboard {
  readonly #options: SwitchboardOptions;
  readonly #main: Connection;
  readonly #use: MainUse;
  readonly #sides: SideConnections;
  /** Sessions that go on connections of their own, and whether they have had one yet. */
  readonly #apart = new Map<string, boolean>();
  readonly #tasks = new TaskPlaces();
  #logLevel: string | undefined;

  constructor(options: SwitchboardOptions) {
    const { main, definition, parts } = options;
    this.#options = options;
    this.#logLevel = options.logLevel;
    this.#main = main;
    this.#use = new MainUse(parts.clock);
    this.#sides = new SideConnections({
      id: definition().id,
      clock: parts.clock,
      limit: () => definition().maxConnections,
      create: (owner, closed) => this.#create(owner, closed),
    });
  }

  /** @throws HubError as {@link Connection.request}, or when a connection of its own could not be had */
  request(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { origin, signal } = request;
    const isolation = this.#isolation;
    // One that was taken back already is refused there; its session may be over.
    if ((isolation === 'shared' && this.#apart.size === 0) || signal.aborted) return this.#main.request(request);
    const client = clientOf(origin);
    if (isAboutTasks(request)) return this.#aboutTasks(request, client);
    const asks = this.#options.asking.has(request);
    const main = this.#use.seenBy(client, asks);
    const hasOwn = client !== undefined && this.#apart.has(client);
    const place = placeOf({ isolation, inSession: client !== undefined, hasOwn, asks, main });
    const marked = asks ? { ...request, asks } : request;
    if (place === 'main') return this.#onMain(marked, client, asks);
    return client === undefined ? this.#onSpare(marked) : this.#onOwn(marked, client);
  }

  /** Of the connections beside the main one, those to come included. */
  async setLogLevel(level: string | undefined): Promise<void> {
    this.#logLevel = level;
    await Promise.all(this.#sides.open.map(({ connection }) => connection.setLogLevel(level)));
  }

  /** @param sessionId absent when the roots of all together changed */
  rootsChanged(sessionId: string | undefined): void {
    if (sessionId === undefined) return this.#main.rootsChanged();
    for (const { owner, connection } of this.#sides.open) {
      if (owner.kind === 'own' && isOfSession(owner.client, sessionId)) connection.rootsChanged();
    }
  }

  /** Hands on a notification of a session's client, to where its calls go; one that goes nowhere yet is lost. */
  notify(notification: NotificationMessage, sessionId: string): void {
    const own = this.#sides.open.find(({ owner }) => owner.kind === 'own' && isOfSession(owner.client, sessionId));
    if (own) own.connection.notify(notification);
    else if (this.#isolation !== 'session') this.#main.notify(notification);
  }

  endSession(sessionId: string): void {
    this.#use.endSession(sessionId);
    this.#tasks.endSession(sessionId);
    for (const client of this.#apart.keys()) if (isOfSession(client, sessionId)) this.#apart.delete(client);
    this.#sides.endSession(sessionId);
  }

  /** Whether a session has a connection of its own. */
  get hasOwn(): boolean {
    return this.#sides.open.some(({ owner }) => owner.kind === 'own');
  }

  /** Whether that client goes on a connection of its own. */
  isApart(client: string): boolean {
    return this.#apart.has(client);
  }

  /** Nothing new comes: connections beside the main one end with their last call. */
  retire(): void {
    this.#sides.retire();
  }

  /** Calls in flight turned out to make the server ask. */
  learned(): void {
    this.#use.learned(this.#options.asking);
  }

  /** Ends the connections beside the main one. Idempotent, never rejects. */
  end(reason: HubError): Promise<void> {
    return this.#sides.end(reason);
  }

  /** A modern server asks in its answers only, which go where the call came from. */
  get #isolation(): Isolation {
    return this.#main.identity.era === 'modern' ? 'shared' : this.#options.definition().isolation;
  }

  /** To the task. Whoever has none elsewhere goes to the main connection; nothing is made, and nobody moves, for a task. */
  #aboutTasks(request: UpstreamRequest, client: string | undefined): Promise<UpstreamAnswer> {
    const isElsewhere = client !== undefined && this.#apart.has(client) && !this.#tasks.isOnMain(client, request);
    return isElsewhere ? this.#onOwn(request, client) : this.#onMain(request, client, false);
  }

  #onMain(request: UpstreamRequest, client: string | undefined, asks: boolean): Promise<UpstreamAnswer> {
    const use = this.#use.begin(client, request, asks);
    return this.#main.request(request).then(
      (answer) => {
        this.#use.end(use, true);
        this.#tasks.answered(client, request, answer);
        return answer;
      },
      (error: unknown) => {
        this.#use.end(use, false);
        throw error;
      },
    );
  }

  #onSpare(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { principalId } = request.origin;
    return this.#sides.use({ kind: 'spare', principalId }, this.#waitOf(request), (connection) => connection.request(request));
  }

  async #onOwn(request: UpstreamRequest, client: string): Promise<UpstreamAnswer> {
    this.#use.leave(client);
    if (!this.#apart.has(client)) this.#apart.set(client, false);
    try {
      const owner: Owner = { kind: 'own', client, headers: request.origin.headers };
      return await this.#sides.use(owner, this.#waitOf(request), (connection) => {
        if (this.#apart.has(client)) this.#apart.set(client, true);
        return connection.request(request);
      });
    } catch (error) {
      // Where it cannot have one, as with a server that runs only once, the main connection is still good for what does not ask.
      if (!request.signal.aborted && this.#apart.get(client) === false) this.#apart.delete(client);
      throw error;
    }
  }

  #waitOf({ signal, timeoutMs = this.#options.definition().requestTimeoutMs }: UpstreamRequest): Wait {
    return { signal, timeoutMs };
  }

  #create(owner: Owner, closed: (error: HubError) => void) {
    const { definition, parts, main, asking, roots, forSession } = this.#options;
    const sessionId = owner.kind === 'own' ? owner.client.split(' ')[0] : undefined;
    const life = new Incarnation({
      definition: definition(),
      requestTimeoutMs: () => definition().requestTimeoutMs,
      parts,
      // The same server as that of the main connection, which has settled its era, fetched its lists and listens to their changes.
      knownEra: main.identity.era,
      listing: main.listing,
      clientHeaders: owner.kind === 'own' ? owner.headers : undefined,
      roots: async () => (sessionId === undefined ? [] : roots(sessionId)),
      on: {
        listing: () => {},
        listFailed: () => {},
        resourceUpdated: () => {},
        taskChanged: () => {},
        degraded: () => {},
        logMessage: (notification) => sessionId !== undefined && forSession({ sessionId, notification }),
        asked: (called) => {
          asking.learn(called);
          this.learned();
        },
        forSession,
        closed,
      },
    });
    return { open: () => this.#open(life), end: (reason: HubError) => life.end(reason) };
  }

  async #open(life: Incarnation): Promise<Connection> {
    const connection = await life.open();
    let level: string | undefined;
    // Another level may be set meanwhile.
    while (level !== this.#logLevel) {
      level = this.#logLevel;
      // A server that does not take the level is as good as one that does; the connection's end shows with the first request.
      await connection.setLogLevel(level).catch(() => undefined);
    }
    return connection;
  }
}

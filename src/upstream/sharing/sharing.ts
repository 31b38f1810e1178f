import { type Clock, type Deferred, deferred, type HubError } from '../../base/index.ts';
import type { NotificationMessage } from '../../protocol/index.ts';
import { AskingTools, type Called } from './asking-tools.ts';
import type { StartableDefinition, UpstreamParts } from '../incarnation.ts';
import { Switchboard } from './switchboard.ts';
import type { Connection, ConnectionEvents, RootsSource, UpstreamAnswer, UpstreamRequest } from '../types.ts';

export interface SharingOptions {
  readonly parts: UpstreamParts;
  readonly forSession: (event: ConnectionEvents['forSession']) => void;
}

/** The switchboard of one main connection, and the requests on their way through it. */
interface Board {
  readonly switchboard: Switchboard;
  running: number;
  /** Set once nothing new comes to it. */
  drained: Deferred<void> | undefined;
}

/** What is left of the use of a connection that another one has taken over from. */
export interface RetiredUse {
  /** Resolves when the last of its requests is over. */
  readonly drained: Promise<void>;
  /** Ends the connections beside the main one. Idempotent, never rejects. */
  end(reason: HubError): Promise<void>;
}

/** How clients share one upstream: what outlives a single connection of it, and the switchboard of the one that lives. */
export class Sharing {
  readonly #options: SharingOptions;
  readonly #clock: Clock;
  readonly #asking = new AskingTools();
  readonly #retired = new Set<Board>();
  #board: Board | undefined;
  #usedMs: number | undefined;
  #answeredMs: number | undefined;
  #logLevel: string | undefined;
  #roots: RootsSource = async () => [];

  constructor(options: SharingOptions) {
    this.#options = options;
    this.#clock = options.parts.clock;
  }

  /** The roots of one session, or of all. */
  readonly roots: RootsSource = (sessionId) => this.#roots(sessionId);

  setRootsSource(source: RootsSource): void {
    this.#roots = source;
  }

  /** Whether a request is on its way, or a session has a connection of its own. */
  get isInUse(): boolean {
    return this.#board?.switchboard.hasOwn === true || this.#boards().some(({ running }) => running > 0);
  }

  /** Whether a request is on its way over the connections in use. */
  get isRunning(): boolean {
    return (this.#board?.running ?? 0) > 0;
  }

  /** Whether that client goes on a connection of its own. */
  isApart(client: string): boolean {
    return this.#board?.switchboard.isApart(client) === true;
  }

  /** When the last request ended. */
  get usedMs(): number | undefined {
    return this.#usedMs;
  }

  /** When the server last answered one. */
  get answeredMs(): number | undefined {
    return this.#answeredMs;
  }

  /** There is a main connection now. `definition` is asked for every call: it may change while the connection lives. */
  open(definition: () => StartableDefinition, main: Connection): void {
    const { roots } = this;
    const switchboard = new Switchboard({ ...this.#options, definition, main, asking: this.#asking, roots, logLevel: this.#logLevel });
    this.#board = { switchboard, running: 0, drained: undefined };
  }

  /** Another main connection takes over: what is under way finishes where it is, and nothing new goes there. */
  retire(): RetiredUse | undefined {
    const board = this.#board;
    if (!board) return undefined;
    this.#board = undefined;
    this.#retired.add(board);
    board.drained = deferred();
    board.switchboard.retire();
    if (board.running === 0) board.drained.resolve();
    const end = async (reason: HubError): Promise<void> => {
      this.#retired.delete(board);
      await board.switchboard.end(reason);
    };
    return { drained: board.drained.promise, end };
  }

  /** @throws HubError as {@link Connection.request}, or when a connection of its own could not be had */
  request(main: Connection, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const board = this.#board;
    if (!board) return main.request(request);
    board.running += 1;
    return board.switchboard.request(request).then(
      (answer) => {
        this.#answeredMs = this.#ended(board);
        return answer;
      },
      (error: unknown) => {
        this.#ended(board);
        throw error;
      },
    );
  }

  /** @returns when that was, in milliseconds since the epoch */
  #ended(board: Board): number {
    const nowMs = this.#clock.now();
    board.running -= 1;
    this.#usedMs = nowMs;
    if (board.running === 0) board.drained?.resolve();
    return nowMs;
  }

  /** The server asked something on the main connection for what may have been this call. */
  asked(called: Called): void {
    this.#asking.learn(called);
    for (const { switchboard } of this.#boards()) switchboard.learned();
  }

  /** Of the connections beside the main one. */
  async setLogLevel(level: string | undefined): Promise<void> {
    this.#logLevel = level;
    await this.#board?.switchboard.setLogLevel(level);
  }

  rootsChanged(sessionId: string | undefined): void {
    for (const { switchboard } of this.#boards()) switchboard.rootsChanged(sessionId);
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    this.#board?.switchboard.notify(notification, sessionId);
  }

  endSession(sessionId: string): void {
    for (const { switchboard } of this.#boards()) switchboard.endSession(sessionId);
  }

  /** The main connection is gone, and so are those beside it. Idempotent, never rejects. */
  async end(reason: HubError): Promise<void> {
    const ending = this.#board?.switchboard.end(reason);
    this.#board = undefined;
    await ending;
  }

  #boards(): readonly Board[] {
    return this.#board ? [this.#board, ...this.#retired] : [...this.#retired];
  }
}

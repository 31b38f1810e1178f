import type { HubError } from '../../base/index.ts';
import type { NotificationMessage } from '../../protocol/index.ts';
import { AskingTools, type Called } from './asking-tools.ts';
import type { StartableDefinition, UpstreamParts } from '../incarnation.ts';
import { Switchboard } from './switchboard.ts';
import type { Connection, ConnectionEvents, RootsSource, UpstreamAnswer, UpstreamRequest } from '../types.ts';

export interface SharingOptions {
  readonly parts: UpstreamParts;
  readonly forSession: (event: ConnectionEvents['forSession']) => void;
}

/** How clients share one upstream: what outlives a single connection of it, and the switchboard of the one that lives. */
export class Sharing {
  readonly #options: SharingOptions;
  readonly #asking = new AskingTools();
  #switchboard: Switchboard | undefined;
  #logLevel: string | undefined;
  #roots: RootsSource = async () => [];

  constructor(options: SharingOptions) {
    this.#options = options;
  }

  /** The roots of one session, or of all. */
  readonly roots: RootsSource = (sessionId) => this.#roots(sessionId);

  setRootsSource(source: RootsSource): void {
    this.#roots = source;
  }

  /** There is a main connection now. `definition` is asked for every call: it may change while the connection lives. */
  open(definition: () => StartableDefinition, main: Connection): void {
    const { roots } = this;
    this.#switchboard = new Switchboard({ ...this.#options, definition, main, asking: this.#asking, roots, logLevel: this.#logLevel });
  }

  /** @throws HubError as {@link Connection.request}, or when a connection of its own could not be had */
  request(main: Connection, request: UpstreamRequest): Promise<UpstreamAnswer> {
    return (this.#switchboard ?? main).request(request);
  }

  /** The server asked something on the main connection for what may have been this call. */
  asked(called: Called): void {
    this.#asking.learn(called);
    this.#switchboard?.learned();
  }

  /** Of the connections beside the main one. */
  async setLogLevel(level: string | undefined): Promise<void> {
    this.#logLevel = level;
    await this.#switchboard?.setLogLevel(level);
  }

  rootsChanged(sessionId: string | undefined): void {
    this.#switchboard?.rootsChanged(sessionId);
  }

  notify(notification: NotificationMessage, sessionId: string): void {
    this.#switchboard?.notify(notification, sessionId);
  }

  endSession(sessionId: string): void {
    this.#switchboard?.endSession(sessionId);
  }

  /** The main connection is gone, and so are those beside it. Idempotent, never rejects. */
  async end(reason: HubError): Promise<void> {
    const ending = this.#switchboard?.end(reason);
    this.#switchboard = undefined;
    await ending;
  }
}

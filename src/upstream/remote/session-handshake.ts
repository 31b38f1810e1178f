import { isDeepStrictEqual } from 'node:util';
import { type Clock, HubError, sleep } from '../../base/index.ts';
import { isErrorMessage, type JsonObject, type RequestMessage, type ResponseMessage } from '../../protocol/index.ts';
import { garbageError, type HttpPeer, name } from './http-errors.ts';
import { saysSessionGone } from './stale-session.ts';
import { provablyNotRun } from '../not-run.ts';

/** Time for a new session with a server that answers, in milliseconds. */
const RENEWAL_MS = 30_000;
/** A server that has just refused a session and now takes no connections is still restarting; in milliseconds. */
const RETRY_MS = 250;
/** How long a server may take to say whether a session is alive, in milliseconds. */
const PING_MS = 5_000;

/** One exchange of the transport's own; resolves with what is the answer to it. Rejects with a HubError. */
export type Exchange = (request: RequestMessage, inSession: boolean, signal: AbortSignal) => Promise<ResponseMessage>;

/** The handshake of a session, so that it can be made again word for word (spec 2025-11-25 basic/lifecycle). */
export class SessionHandshake {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  #request: RequestMessage | undefined;
  #result: JsonObject | undefined;
  #count = 0;
  #asking: Promise<boolean> | undefined;

  constructor(clock: Clock, exchange: Exchange) {
    this.#clock = clock;
    this.#exchange = exchange;
  }

  /** Remembers the handshake as it was made. */
  made(request: RequestMessage, answer: ResponseMessage): void {
    if (!('result' in answer)) return;
    this.#request = request;
    this.#result = answer.result;
  }

  /**
   * Makes the handshake again, outside of any session.
   *
   * @throws HubError when the server does not take it, or is another one by now: then everything about it is to be found out anew.
   */
  async again(peer: HttpPeer, signal: AbortSignal): Promise<void> {
    if (!this.#request) throw garbageError(peer, 'has ended a session that was never begun.');
    const answer = await this.#within(RENEWAL_MS, signal, (within) => this.#initialize(this.#request?.params, within));
    if (!('result' in answer)) throw garbageError(peer, 'has ended the session and refuses to begin another one.');
    if (isDeepStrictEqual(answer.result, this.#result)) return;
    const message = `${name(peer)} was restarted and says something else of itself than before. The connection is made anew.`;
    throw new HubError('CONNECTION_ERROR', message, { details: { server: peer.id, session: 'ended' } });
  }

  /** Whether the server knows the session: asked where its answer to something else may have meant another one. */
  isGone(signal: AbortSignal): Promise<boolean> {
    this.#asking ??= this.#askWhetherGone(signal).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #askWhetherGone(signal: AbortSignal): Promise<boolean> {
    try {
      const answer = await this.#within(PING_MS, signal, (within) =>
        this.#exchange({ jsonrpc: '2.0', id: this.#id('ping'), method: 'ping' }, true, within),
      );
      return isErrorMessage(answer) && saysSessionGone(answer.error);
    } catch (error) {
      // Expected: a failure of the exchange. Only a server that says so has ended a session, with 404 for one.
      return error instanceof HubError && error.details['session'] === 'ended';
    }
  }

  async #initialize(params: JsonObject | undefined, signal: AbortSignal): Promise<ResponseMessage> {
    for (;;) {
      try {
        const id = this.#id('initialize');
        return await this.#exchange({ jsonrpc: '2.0', id, method: 'initialize', ...(params && { params }) }, false, signal);
      } catch (error) {
        if (!provablyNotRun(error) || signal.aborted) throw error;
        await sleep(this.#clock, RETRY_MS, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  /** Ids of the transport's own requests are texts: those of the connection are numbers. */
  #id(method: string): string {
    this.#count += 1;
    return `hub-${method}-${this.#count}`;
  }

  async #within<T>(ms: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // Not `AbortSignal.any`: Node keeps such a signal, and all that listens to it, for as long as its sources live.
    const either = new AbortController();
    const abort = (): void => either.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const timer = this.#clock.after(ms, abort);
    try {
      return await work(either.signal);
    } finally {
      timer.dispose();
      signal.removeEventListener('abort', abort);
    }
  }
}

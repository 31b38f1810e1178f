import type { IncomingHttpHeaders } from 'node:http';
import { type Flow, HubError, type OutgoingRequest, type Receiver, type Road } from '../../base/index.ts';
import { reconsidered } from '../oauth/remote-login.ts';
import { type Body, WholeBody } from './body.ts';
import { name } from './http-errors.ts';
import { Pace } from './pace.ts';
import { MAX_REDIRECTS, redirectTarget } from './redirects.ts';
import { setHeader } from './request-headers.ts';
import type { ServerRoad } from './server-road.ts';
import { sessionStatus } from './stale-session.ts';

/** A request as it is to be made, the login apart. */
export interface RequestOrder extends Pick<OutgoingRequest, 'method' | 'headers' | 'body' | 'silenceMs'> {
  /** Default: the address of the server. */
  readonly url?: URL | undefined;
  /** Whether it is sent within a session, so that there are other words for 404. */
  readonly inSession: boolean;
}

/** An answer that is no success. */
export interface Refusal {
  /** 404 for a session that is not known, in whatever words the server says that. */
  readonly status: number;
  readonly text: string;
}

export interface RequestListener {
  /** The server has taken it. @returns what becomes of the body, whose end is the end of the request */
  accepted(status: number, headers: IncomingHttpHeaders): Body;
  refused(refusal: Refusal): void;
  /** It failed below HTTP, for want of a login (a HubError), or because a message is too long (a HubError). */
  failed(error: unknown): void;
}

/**
 * One HTTP request to a server that is not trusted with the hub's memory and time: with its login, with redirects within its origin,
 * and read no faster and no further than it should be.
 */
export class HttpRequest implements Receiver {
  readonly #server: ServerRoad;
  readonly #order: RequestOrder;
  readonly #listener: RequestListener;
  #url: URL;
  #road: Road;
  #redirects = 0;
  /** What it was sent with, the last time. */
  #authorization: string | undefined;
  #isRenewed = false;
  #flow: Flow | undefined;
  #body: Body | undefined;
  #pace: Pace | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(server: ServerRoad, order: RequestOrder, listener: RequestListener) {
    this.#server = server;
    this.#order = order;
    this.#listener = listener;
    this.#url = order.url ?? server.target.url;
    this.#road = server.road;
  }

  /** Sends it; all that comes of it is told to the listener, until it is cancelled. */
  send(): this {
    const authorization = this.#server.login?.authorization();
    if (authorization instanceof Promise) void this.#sendWith(authorization);
    else {
      this.#authorization = authorization;
      this.#sendNow();
    }
    return this;
  }

  /** Ends it; its listener hears nothing any more. Idempotent. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#pause);
    this.#flow?.cancel();
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#server.reached();
    const isTaken = status >= 200 && status < 300;
    const body = isTaken
      ? this.#listener.accepted(status, headers)
      : new WholeBody((bytes) => void this.#refused(status, headers, bytes.toString()));
    this.#body = body;
    if (!(body instanceof WholeBody) || this.#isOver) return;
    const length = Number(headers['content-length']);
    if (length > this.#server.maxMessageBytes) this.#tooLong();
    else if (length > 0 && headers['content-encoding'] === undefined) body.expect(length);
  }

  data(chunk: Buffer): void {
    const body = this.#body;
    if (this.#isOver || !body) return;
    body.push(chunk);
    if (this.#isOver) return;
    if (body.held > this.#server.maxMessageBytes) return this.#tooLong();
    if (!this.#pace && !Pace.isNeededFor(body.held, body.lines)) return;
    this.#pace ??= new Pace();
    const pauseMs = this.#pace.pauseAfter(chunk.length, body.held, body.lines);
    if (pauseMs > 0) this.#pauseFor(pauseMs);
  }

  end(): void {
    if (!this.#isOver) this.#body?.end();
  }

  failed(error: Error): void {
    this.#fail(error);
  }

  async #sendWith(authorization: Promise<string | undefined>): Promise<void> {
    this.#authorization = await authorization;
    this.#sendNow();
  }

  #sendNow(): void {
    if (this.#isOver) return;
    const { method, headers, body, silenceMs } = this.#order;
    if (this.#authorization !== undefined) setHeader(headers, 'authorization', this.#authorization);
    const path = this.#url.pathname + this.#url.search;
    const flow = this.#road.send({ method, path, headers, body, silenceMs }, this);
    this.#flow = flow;
    if (this.#isOver) flow.cancel();
  }

  async #refused(status: number, headers: IncomingHttpHeaders, text: string): Promise<void> {
    const { method, inSession } = this.#order;
    const target = redirectTarget(this.#url, method, status, headers.location);
    if (target && this.#redirects < MAX_REDIRECTS) return this.#follow(target);
    const challenge = headers['www-authenticate'];
    try {
      if (await this.#isSentAgain(status, challenge)) return;
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#isOver) return;
    const refusal = { status, text, hasChallenge: challenge !== undefined };
    this.#isOver = true;
    this.#listener.refused({ status: inSession ? sessionStatus(refusal) : status, text });
  }

  #follow(target: URL): void {
    this.#redirects += 1;
    if (target.origin !== this.#url.origin) this.#road = this.#server.outgoing.roadTo(target.origin);
    this.#url = target;
    this.#isRenewed = false;
    this.send();
  }

  /** With another token, where the one that it was sent with was refused. @throws HubError as {@link reconsidered} */
  async #isSentAgain(status: number, challenge: string | undefined): Promise<boolean> {
    const { login } = this.#server;
    if (!login || (status !== 401 && status !== 403)) return false;
    const again = await reconsidered(login, { status, challenge }, this.#authorization, this.#isRenewed);
    if (!again) return false;
    this.#isRenewed = true;
    this.#authorization = again.authorization;
    this.#sendNow();
    return true;
  }

  #pauseFor(ms: number): void {
    this.#flow?.pause();
    this.#pause = setTimeout(() => this.#flow?.resume(), ms).unref();
  }

  #tooLong(): void {
    const { peer, maxMessageBytes: maxBytes } = this.#server;
    const message = `${name(peer)} sent a message of more than ${maxBytes} bytes, which was not read. Ask for less at once, or raise "maxMessageSize" of its entry.`;
    this.#fail(new HubError('UPSTREAM_PROTOCOL', message, { details: { server: peer.id, setting: 'maxMessageSize', maxBytes } }));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.cancel();
    this.#listener.failed(error);
  }
}

import { Delivery } from '../delivery.ts';
import type { Flow, OutgoingRequest, Receiver, Road } from '../outgoing.ts';
import { answerName } from './answer-head.ts';
import { type ConnectionOwner, Http1Connection, type RequestMessage } from './connection.ts';
import { FieldNames } from './field-names.ts';
import { type KeptConnection, KeptConnections } from './kept-connections.ts';
import { requestField, requestHead } from './request-head.ts';

/** Told of the connections of all roads, for whoever ends them. */
export interface RoadOwner {
  /** No more connections are made. */
  readonly isClosed: boolean;
  opened(connection: Http1Connection, road: Http1Road): void;
  closed(connection: Http1Connection): void;
}

/** The way to one origin of `http:`, over connections that are kept for the next request (RFC 9112; docs/adr/0004-http1-connections.md). */
export class Http1Road implements Road, ConnectionOwner {
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly names = new FieldNames(answerName);
  readonly #authority: string;
  readonly #fields = new FieldNames(requestField);
  readonly #owner: RoadOwner;
  readonly #kept = new KeptConnections();

  constructor(origin: URL, owner: RoadOwner) {
    this.origin = origin.origin;
    this.host = origin.hostname.replace(/^\[(.*)\]$/, '$1');
    this.port = origin.port === '' ? 80 : Number(origin.port);
    this.#authority = origin.host;
    this.#owner = owner;
  }

  send(request: OutgoingRequest, receiver: Receiver): Flow {
    const delivery = new Delivery(receiver);
    try {
      this.#send(this.#messageOf(request), delivery);
    } catch (error) {
      delivery.fail(error);
    }
    return delivery;
  }

  released(connection: Http1Connection, keepMs: number): void {
    this.#kept.add(connection, keepMs);
  }

  closed(connection: Http1Connection, isLost: boolean): void {
    this.#kept.remove(connection);
    if (isLost && connection.isReused) this.#kept.distrust();
    this.#owner.closed(connection);
  }

  #messageOf(request: OutgoingRequest): RequestMessage {
    const { body = '', silenceMs } = request;
    const length = Buffer.byteLength(body);
    const head = requestHead(this.#authority, request, length, this.#fields);
    if (typeof body !== 'string') return { text: head, body, silenceMs };
    // One write for both, where the text of both is ASCII.
    if (length === body.length) return { text: head + body, body: undefined, silenceMs };
    return { text: head, body: Buffer.from(body), silenceMs };
  }

  /** Sends it over a connection that is there, or a new one. */
  #send(message: RequestMessage, delivery: Delivery): void {
    const kept = this.#kept.take();
    if (!kept) this.#connect().send(message, delivery);
    else if (this.#kept.isTrusted(kept)) kept.connection.send(message, delivery);
    // What the other side has sent by now is read before: its end, or an answer to nothing.
    else afterReading(() => this.#sendOver(kept, message, delivery));
  }

  #sendOver(kept: KeptConnection, message: RequestMessage, delivery: Delivery): void {
    try {
      if (delivery.isOver) this.#kept.putBack(kept);
      else if (kept.connection.isUsable) kept.connection.send(message, delivery);
      else this.#send(message, delivery);
    } catch (error) {
      delivery.fail(error);
    }
  }

  #connect(): Http1Connection {
    if (this.#owner.isClosed) throw new Error('The hub stops.');
    const connection = new Http1Connection(this);
    this.#owner.opened(connection, this);
    return connection;
  }
}

/** Calls back when all was read that has come by now: between two of Node's check phases there is one in which it reads. */
function afterReading(then: () => void): void {
  setImmediate(() => setImmediate(then));
}

import type { IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { AnswerHead } from './answer-head.ts';
import { AnswerReader } from './answer-reader.ts';
import { BadAnswer } from './bad-answer.ts';
import type { FieldNames } from './field-names.ts';

/** Bytes that are read at a time. */
const READ_BYTES = 64 * 1024;
/** Longest wait for a connection, in milliseconds … */
const CONNECT_MS = 10_000;
/** … and how long nothing passes before the system asks whether the other side is still there. */
const PROBE_AFTER_MS = 60_000;

/** A request as it goes out. */
export interface RequestMessage {
  /** In Latin-1: the head, or all of it. */
  readonly text: string;
  readonly body: Buffer | undefined;
  /** The longest silence before and within the answer, in milliseconds; 0 for any. */
  readonly silenceMs: number;
}

/** Takes the one answer that a connection is about to get. */
export interface AnswerHandler {
  onRequestStart(connection: Http1Connection): void;
  onResponseStart(connection: Http1Connection, status: number, headers: IncomingHttpHeaders): void;
  /** @param piece is overwritten once this has returned */
  onResponseData(connection: Http1Connection, piece: Buffer): void;
  onResponseEnd(): void;
  onResponseError(connection: Http1Connection, error: Error): void;
}

/** Whoever has connections to one origin. */
export interface ConnectionOwner {
  readonly host: string;
  readonly port: number;
  /** The names of fields in its answers. */
  readonly names: FieldNames<string>;
  /** It can take another request, for so many milliseconds. */
  released(connection: Http1Connection, keepMs: number): void;
  /** It is over; with `isLost` while a request waited on it for the first byte of its answer. */
  closed(connection: Http1Connection, isLost: boolean): void;
}

/** One TCP connection with one HTTP/1.1 request at a time. */
export class Http1Connection {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #answers: AnswerReader;
  #handler: AnswerHandler | undefined;
  #isConnected = false;
  #isOver = false;
  #isPaused = false;
  /** What was read before the pause. */
  #rest: Buffer | undefined;
  #silenceMs = 0;
  #keepMs = 0;
  #requests = 0;

  constructor(owner: ConnectionOwner) {
    this.#owner = owner;
    this.#answers = new AnswerReader(owner.names, { head: (head) => this.#takeHead(head), data: (piece) => this.#takeData(piece) });
    // Read into the same memory again and again: a chunk of its own for each answer costs more than the answer.
    const bytes = Buffer.allocUnsafeSlow(READ_BYTES);
    this.#socket = connect({
      host: owner.host,
      port: owner.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
      onread: {
        buffer: bytes,
        callback: (length) => this.#receive(bytes.subarray(0, length)),
      },
    });
    this.#socket.setTimeout(CONNECT_MS);
    this.#socket
      .on('connect', () => this.#connected())
      .on('timeout', () => this.#fail(this.#isConnected ? silent() : notInTime()))
      .on('end', () => this.#otherSideEnded())
      .on('error', (error: NodeJS.ErrnoException) => this.#broke(error))
      .on('close', () => this.#fail(closed(), true));
  }

  /** Whether more than one request was sent over it. */
  get isReused(): boolean {
    return this.#requests > 1;
  }

  /** Whether a request can be sent, as far as the other side has told. */
  get isUsable(): boolean {
    return !this.#isOver && this.#handler === undefined;
  }

  /** Sends a request; its answer goes to the handler. */
  send({ text, body, silenceMs }: RequestMessage, handler: AnswerHandler): void {
    this.#handler = handler;
    this.#requests += 1;
    if (this.#requests > 1) this.#socket.ref();
    handler.onRequestStart(this);
    if (this.#isOver) return;
    if (silenceMs !== this.#silenceMs) {
      this.#silenceMs = silenceMs;
      if (this.#isConnected) this.#socket.setTimeout(silenceMs);
    }
    if (body) {
      this.#socket.cork();
      this.#socket.write(text, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    } else this.#socket.write(text, 'latin1');
  }

  /** No more is read, and nothing of what was read comes. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
    // It is this side that is silent.
    this.#socket.setTimeout(0);
  }

  resume(): void {
    if (!this.#isPaused || this.#isOver) return;
    this.#isPaused = false;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest) this.#receive(rest);
    if (this.#isPaused || this.#isOver) return;
    this.#socket.resume();
    this.#socket.setTimeout(this.#silenceMs);
  }

  /** Ends the connection, and the request with this error. */
  abort(error: Error): void {
    this.#fail(error);
  }

  /** Ends a connection that nobody uses. */
  close(): void {
    this.#destroy();
  }

  #connected(): void {
    this.#isConnected = true;
    this.#socket.setTimeout(this.#silenceMs);
  }

  #receive(bytes: Buffer): boolean {
    try {
      for (let at = 0; at < bytes.length && !this.#isOver; ) {
        if (this.#isPaused) {
          this.#rest = Buffer.from(bytes.subarray(at));
          break;
        }
        // Nobody asked: it must not be taken for the answer to the next request.
        if (!this.#handler) throw new BadAnswer('HPE_INVALID_CONSTANT', 'It was sent without a request.');
        at = this.#answers.read(bytes, at);
        if (this.#answers.isOver && !this.#isOver) this.#end(this.#handler, at === bytes.length);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      // A mistake in what takes the answer is told of as one.
      if (!(error instanceof BadAnswer)) throw error;
    }
    return true;
  }

  #takeHead({ status, headers, keepMs }: AnswerHead): void {
    this.#keepMs = keepMs;
    this.#handler?.onResponseStart(this, status, headers);
  }

  #takeData(piece: Buffer): boolean {
    this.#handler?.onResponseData(this, piece);
    return !this.#isOver && !this.#isPaused;
  }

  /** @param isAll nothing came after the answer */
  #end(handler: AnswerHandler, isAll: boolean): void {
    const isKept = this.#keepMs > 0 && isAll && this.#socket.writableLength === 0;
    this.#handler = undefined;
    this.#answers.next();
    if (this.#isPaused) this.resume();
    if (isKept) {
      // Nobody waits for what is not asked.
      this.#socket.unref();
      this.#owner.released(this, this.#keepMs);
    } else this.#destroy();
    handler.onResponseEnd();
  }

  #otherSideEnded(error = closed()): void {
    const isWhole = this.#answers.endsWithConnection && this.#rest === undefined;
    if (this.#handler && isWhole) this.#end(this.#handler, true);
    else this.#fail(error, true);
  }

  /** Some systems tell of a reset where the other side has sent all, and closed. */
  #broke(error: NodeJS.ErrnoException): void {
    if (error.code === 'ECONNRESET') this.#otherSideEnded(error);
    else this.#fail(error, true);
  }

  /** @param isTheirs it was the other side that ended it */
  #fail(error: Error, isTheirs = false): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#destroy(isTheirs && handler !== undefined && !this.#answers.hasBegun);
    handler?.onResponseError(this, error);
  }

  #destroy(isLost = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#owner.closed(this, isLost);
  }
}

function failure(message: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

function closed(): Error {
  return failure('The other side closed the connection.', 'ECONNRESET');
}

function silent(): Error {
  return failure('The other side went silent.', 'ESOCKETTIMEDOUT');
}

/** As the system says it, later. */
function notInTime(): Error {
  return Object.assign(failure('There was no connection in time.', 'ETIMEDOUT'), { syscall: 'connect' });
}

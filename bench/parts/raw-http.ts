import { connect, type Socket } from 'node:net';
import { AnswerReader, type RawAnswer } from './raw-answer.ts';

/** The longest time that one answer may take, in milliseconds. */
const ANSWER_MS = 15_000;

interface Waiting {
  readonly resolve: (answer: RawAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One kept-alive connection of a client that does as little as possible: a request is one write, an answer is counted and not
 * decoded. The load generator shares the machine with what it measures, so every microsecond of it is missing there.
 */
export class RawHttp {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #reader = new AnswerReader();
  #waiting: Waiting | undefined;

  constructor({ hostname, port }: URL) {
    this.#host = hostname;
    this.#port = Number(port);
  }

  /**
   * Sends one request and resolves with its answer; one at a time.
   *
   * @param head Request line and headers, each line with its end, without `host` and `content-length`.
   */
  async exchange(head: string, body: string): Promise<RawAnswer> {
    const text = `${head}host: ${this.#host}:${this.#port}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const isReused = this.#socket !== undefined && !this.#socket.destroyed;
    try {
      return await this.#send(text);
    } catch (error) {
      // A server may close a connection that was idle between two rounds; that is known to be so only when nothing was answered.
      if (!isReused || this.#reader.hasBegun) throw error;
      return this.#send(text);
    }
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #send(text: string): Promise<RawAnswer> {
    this.#reader = new AnswerReader();
    const socket = this.#socket === undefined || this.#socket.destroyed ? await this.#connect() : this.#socket;
    const answer = await new Promise<RawAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      socket.write(text);
    });
    if (answer.closes) socket.destroy();
    return answer;
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
        this.#settle()?.reject(error);
      };
      // Also while nothing is asked; what was closed then is connected anew for the next request.
      socket.setTimeout(ANSWER_MS, () => fail(new Error(`No answer in ${ANSWER_MS} ms`)));
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('The connection was closed before the answer was complete')));
      socket.on('data', (chunk: Buffer) => {
        const answer = this.#reader.read(chunk);
        if (answer) this.#settle()?.resolve(answer);
      });
      socket.once('connect', () => resolve(socket));
      this.#socket = socket;
    });
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}

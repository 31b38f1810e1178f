import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import type { Dispatcher } from 'undici';
import { Decoder, decodersFor } from './decoder.ts';
import type { Flow, Receiver } from './outgoing.ts';

/** The connection that a request goes over, as far as it can be held up. */
interface Controller {
  pause(): void;
  resume(): void;
  /** Ends it, and the request with this error. */
  abort(error: Error): void;
}

/** Brings what a dispatcher, or a connection, has to tell of one request to its receiver. */
export class Delivery implements Flow, Dispatcher.DispatchHandler {
  readonly #receiver: Receiver;
  #controller: Controller | undefined;
  #decoder: Decoder | undefined;
  #isOver = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  pause(): void {
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.pause();
    else this.#controller?.pause();
  }

  resume(): void {
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.resume();
    else this.#controller?.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#decoder?.destroy();
    this.#controller?.abort(new Error('The request was taken back.'));
    this.#controller = undefined;
  }

  /** It could not even be handed to the dispatcher, or failed on its way. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#decoder?.destroy();
    this.#receiver.failed(error instanceof Error ? error : new Error(String(error)));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    // It was taken back while it waited for its connection.
    if (this.#isOver) controller.abort(new Error('The request was taken back.'));
  }

  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders): void {
    // 1xx: the answer itself is still to come.
    if (this.#isOver || status < 200) return;
    const decoders = decodersFor(headers['content-encoding']);
    if (decoders.length > 0) this.#decoder = this.#decoderOf(decoders);
    this.#receiver.head(status, headers);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.write(chunk);
    else this.#receiver.data(chunk);
  }

  onResponseEnd(): void {
    // From now on the connection is another request's, also while what came over it is still being decoded.
    this.#controller = undefined;
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.end();
    else this.#end();
  }

  onResponseError(_: Controller, error: Error): void {
    this.#controller = undefined;
    this.fail(error);
  }

  #decoderOf(decoders: readonly Transform[]): Decoder {
    const source = { pause: () => this.#controller?.pause(), resume: () => this.#controller?.resume() };
    return new Decoder(decoders, source, {
      data: (chunk) => {
        if (!this.#isOver) this.#receiver.data(chunk);
      },
      end: () => this.#end(),
      failed: (error) => {
        const controller = this.#controller;
        this.fail(error);
        controller?.abort(error);
      },
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#receiver.end();
  }
}

import type { IncomingHttpHeaders } from 'node:http';
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

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders): void {
    // 1xx: the answer itself is still to come.
    if (this.#isOver || status < 200) return;
    const decoders = decodersFor(headers['content-encoding']);
    if (decoders.length > 0) {
      this.#decoder = new Decoder(decoders, controller, {
        data: (chunk) => {
          if (!this.#isOver) this.#receiver.data(chunk);
        },
        end: () => this.#end(),
        failed: (error) => {
          this.fail(error);
          controller.abort(error);
        },
      });
    }
    this.#receiver.head(status, headers);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.write(chunk);
    else this.#receiver.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    if (this.#decoder) this.#decoder.end();
    else this.#end();
  }

  onResponseError(_: Controller, error: Error): void {
    this.fail(error);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#receiver.end();
  }
}

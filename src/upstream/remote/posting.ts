import { UnwantedBody } from './body.ts';
import { closedError } from './http-errors.ts';
import { HttpRequest, type Refusal, type RequestOrder } from './http-request.ts';
import type { ServerRoad } from './server-road.ts';

/** How long a server may be silent before and within its answer to something that needs none, in milliseconds. */
const SILENCE_MS = 300_000;

/** What the server made of something that was sent: its status, or why it did not take it. */
export type Taken = { readonly status: number } | { readonly refusal: Refusal } | { readonly failure: unknown };

export type Order = Omit<RequestOrder, 'silenceMs'>;

/** Sends what needs no more of an answer than its status. */
export class Posting {
  readonly #server: ServerRoad;
  /** Requests on their way, and who waits for each. */
  readonly #open = new Map<HttpRequest, (taken: Taken) => void>();

  constructor(server: ServerRoad) {
    this.#server = server;
  }

  /** Resolves when the server has answered, or this is closed. Never rejects. */
  send(order: Order): Promise<Taken> {
    return new Promise((resolve) => {
      const over = (taken: Taken): void => {
        this.#open.delete(request);
        resolve(taken);
      };
      const request = new HttpRequest(
        this.#server,
        { ...order, silenceMs: SILENCE_MS },
        {
          accepted: (status) => {
            resolve({ status });
            return new UnwantedBody(() => this.#open.delete(request));
          },
          refused: (refusal) => over({ refusal }),
          failed: (failure) => over({ failure }),
        },
      );
      this.#open.set(request, resolve);
      request.send();
    });
  }

  /** Ends what is on its way. Idempotent. */
  close(): void {
    const failure = closedError(this.#server.peer);
    for (const [request, resolve] of this.#open) {
      request.cancel();
      resolve({ failure });
    }
    this.#open.clear();
  }
}

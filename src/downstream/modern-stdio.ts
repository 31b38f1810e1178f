import { type HubError, isSameValue } from '../base/index.ts';
import {
  cancelledBy,
  errorMessage,
  isWantedAt,
  type JsonObject,
  type NotificationMessage,
  type RequestId,
  type RequestMessage,
  responseMessage,
} from '../protocol/index.ts';
import { CallController } from './calls.ts';
import type { Context } from './context.ts';
import type { MessageStream } from './message-stream.ts';
import { legacyMethodProblem, readEnvelope } from './modern-envelope.ts';
import { forModern } from './modern-results.ts';
import type { Refusal } from './protocol-errors.ts';
import type { Owner } from './session.ts';
import type { ListenTarget, Subscriptions } from './subscriptions.ts';

interface Running {
  readonly id: RequestId;
  /** Nothing more is sent for it after this. */
  cancel(reason: HubError): void;
}

export interface ModernStdioOptions {
  readonly context: Context;
  readonly subscriptions: Subscriptions;
  readonly owner: Owner;
  readonly out: MessageStream;
}

/**
 * Revision 2026-07-28 on a stream that all requests of a client share: no headers, no status, and cancelled by a
 * notification (basic/transports/stdio).
 */
export class ModernStdio {
  readonly #options: ModernStdioOptions;
  readonly #calls = new Set<Running>();
  readonly #listens = new Set<Running>();

  constructor(options: ModernStdioOptions) {
    this.#options = options;
  }

  /** Subscriptions that are open now. */
  get listenCount(): number {
    return this.#listens.size;
  }

  /** Serves one request. Resolves when it is answered, taken back, or open as a subscription; never rejects. */
  async request(message: RequestMessage): Promise<void> {
    const { refusal, downstream } = readEnvelope(message, undefined, this.#options.owner.principal);
    if (refusal) return this.#refuse(message, refusal);
    const problem = legacyMethodProblem(message);
    if (problem) return this.#refuse(message, problem);
    const { context, out, owner, subscriptions } = this.#options;
    const { scope } = owner;
    const { id, method, params } = message;
    if (method === 'subscriptions/listen') return subscriptions.listen(this.#target(message), message, { scope, downstream });
    const controller = new CallController();
    const running: Running = { id, cancel: (reason) => controller.abort(reason) };
    const notify = (notification: NotificationMessage): void => {
      // Log messages go only to a request that asked for them (spec 2026-07-28 server/utilities/logging).
      if (!controller.signal.aborted && isWantedAt(downstream.logLevel ?? 'none', notification)) out.send(notification);
    };
    this.#calls.add(running);
    const answer = await context.calls.run({ scope, method, params, downstream, signal: controller.signal, notify }, controller);
    this.#calls.delete(running);
    if (answer) out.send(responseMessage(id, forModern(answer, method, context.serverInfo)));
  }

  /** Takes requests back, and closes subscriptions, of that id. */
  cancel(params: JsonObject = {}): void {
    for (const running of [...this.#calls, ...this.#listens])
      if (isSameValue(running.id, params['requestId'])) running.cancel(cancelledBy(params));
  }

  /** Closes the subscriptions; no notification of theirs is sent after this. */
  endListens(): void {
    for (const listen of this.#listens) listen.cancel(cancelledBy());
  }

  /** Takes everything back: the client is gone. */
  close(): void {
    this.endListens();
    for (const call of this.#calls) call.cancel(cancelledBy());
  }

  #refuse(message: RequestMessage, { id, error }: Refusal): void {
    this.#options.out.send(errorMessage(id ?? message.id, error));
  }

  #target(message: RequestMessage): ListenTarget {
    const { out } = this.#options;
    const listens = this.#listens;
    return {
      refuse: (refusal) => this.#refuse(message, refusal),
      open(onClose) {
        const end = (): void => {
          if (listens.delete(listen)) onClose();
        };
        const listen: Running = { id: message.id, cancel: end };
        listens.add(listen);
        return { send: (event) => listens.has(listen) && out.send(event), end };
      },
    };
  }
}

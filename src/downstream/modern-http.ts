import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, HubError } from '../base/index.ts';
import type { Call, Scope } from '../gateway/index.ts';
import { isWantedAt, type NotificationMessage, type RequestMessage, responseMessage, rpcCode } from '../protocol/index.ts';
import { type Accept, acceptOf } from './accept.ts';
import { CallController } from './calls.ts';
import type { Context } from './context.ts';
import { EventStream } from './event-stream.ts';
import { Exchange } from './exchange.ts';
import { legacyMethodProblem, paramHeaderProblem, readEnvelope } from './modern-envelope.ts';
import { forModern, modernStatus } from './modern-results.ts';
import type { Refusal } from './protocol-errors.ts';
import { sendEmpty, sendRefusal } from './reply.ts';
import type { Owner } from './session.ts';
import type { ListenTarget, Subscriptions } from './subscriptions.ts';

/** Revision 2026-07-28: every POST is one request that stands for itself (basic/transports/streamable-http). */
export class ModernHttp {
  readonly #context: Context;
  readonly #subscriptions: Subscriptions;

  constructor(context: Context, subscriptions: Subscriptions) {
    this.#context = context;
    this.#subscriptions = subscriptions;
  }

  /** No notification of a client has a meaning in this revision: to cancel, it closes the stream. */
  notification(res: ServerResponse): void {
    sendEmpty(res, 202);
  }

  /** Serves one request. Resolves when it is answered or its client is gone; never rejects. */
  async request(req: IncomingMessage, res: ServerResponse, message: RequestMessage, { principal, scope }: Owner): Promise<void> {
    const { refusal, downstream } = readEnvelope(message, req.headers, principal);
    if (refusal) return sendRefusal(res, refusal);
    const refused = this.#refusal(req, message, scope);
    if (refused) return sendRefusal(res, refused);
    const accept = acceptOf(req);
    if (message.method === 'subscriptions/listen')
      return this.#subscriptions.listen(httpTarget(res, accept, this.#context.clock), message, { scope, downstream });
    return this.#call(res, message, { scope, downstream, accept, headers: req.headers });
  }

  #refusal(req: IncomingMessage, message: RequestMessage, scope: Scope): Refusal | undefined {
    const { method, params } = message;
    const unknown = legacyMethodProblem(message);
    if (unknown) return unknown;
    const tool = method === 'tools/call' ? params?.['name'] : undefined;
    const declared = typeof tool === 'string' ? this.#context.gateway.headerParams(scope, tool) : undefined;
    return declared === undefined ? undefined : paramHeaderProblem(declared, req.headers, message);
  }

  async #call(
    res: ServerResponse,
    { id, method, params }: RequestMessage,
    { accept, scope, downstream, headers }: Pick<Call, 'scope' | 'downstream' | 'headers'> & { readonly accept: Accept },
  ): Promise<void> {
    const { calls, clock, serverInfo } = this.#context;
    const controller = new CallController();
    const exchange = Exchange.open(res, { clock, accept, requests: 1, onGone: () => controller.abort(clientGone()) });
    const notify = (notification: NotificationMessage): void => {
      // Log messages go only to a request that asked for them (spec 2026-07-28 server/utilities/logging).
      if (isWantedAt(downstream.logLevel ?? 'none', notification)) exchange.push(notification);
    };
    const answer = await calls.run({ scope, method, params, downstream, headers, signal: controller.signal, notify }, controller);
    if (!answer) return;
    const outcome = forModern(answer, method, serverInfo);
    exchange.answer(responseMessage(id, outcome), modernStatus(outcome));
  }
}

/** A listen's answer of its own; only for a client that reads streams. */
function httpTarget(res: ServerResponse, accept: Accept, clock: Clock): ListenTarget {
  return {
    problem: accept.sse
      ? undefined
      : { status: 406, error: { code: rpcCode.invalidRequest, message: 'subscriptions/listen needs Accept: text/event-stream.' } },
    refuse: (refusal) => sendRefusal(res, refusal),
    open: (onClose) => EventStream.open(res, { clock, onClose }),
  };
}

const clientGone = (): HubError => new HubError('CANCELLED', 'The client closed the connection.');

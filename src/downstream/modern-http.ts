import type { IncomingMessage, ServerResponse } from 'node:http';
import { HubError } from '../base/index.ts';
import type { Downstream, Scope } from '../gateway/index.ts';
import { isWantedAt, type NotificationMessage, type RequestMessage, responseMessage } from '../protocol/index.ts';
import { type Accept, acceptOf } from './accept.ts';
import { shown } from './classify.ts';
import { type Context, LOCAL_PRINCIPAL } from './context.ts';
import { Exchange } from './exchange.ts';
import { paramHeaderProblem, readEnvelope } from './modern-envelope.ts';
import { forModern, modernStatus } from './modern-results.ts';
import { type Refusal, refusalOf } from './protocol-errors.ts';
import { sendEmpty, sendRefusal } from './reply.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Methods of the handshake revisions that this one does not have; an upstream that knows them is not asked. */
const LEGACY_ONLY: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  // Of the tasks of 2025-11-25; `tasks/get` and `tasks/cancel` have another meaning now (SEP-2663).
  'tasks/result',
  'tasks/list',
]);

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
  async request(req: IncomingMessage, res: ServerResponse, message: RequestMessage, scope: Scope): Promise<void> {
    const { refusal, downstream } = readEnvelope(message, req.headers, LOCAL_PRINCIPAL);
    if (refusal) return sendRefusal(res, refusal);
    const refused = this.#refusal(req, message, scope);
    if (refused) return sendRefusal(res, refused);
    const accept = acceptOf(req);
    if (message.method === 'subscriptions/listen') return this.#subscriptions.listen(res, message, { scope, accept, downstream });
    return this.#call(res, message, { scope, downstream, accept });
  }

  #refusal(req: IncomingMessage, message: RequestMessage, scope: Scope): Refusal | undefined {
    const { id, method, params } = message;
    if (LEGACY_ONLY.has(method)) {
      return refusalOf(new HubError('METHOD_NOT_FOUND', `${shown(method)} is not a method of this protocol revision.`), id);
    }
    const tool = method === 'tools/call' ? params?.['name'] : undefined;
    const declared = typeof tool === 'string' ? this.#context.gateway.headerParams(scope, tool) : undefined;
    return declared === undefined ? undefined : paramHeaderProblem(declared, req.headers, message);
  }

  async #call(
    res: ServerResponse,
    { id, method, params }: RequestMessage,
    { scope, downstream, accept }: { readonly scope: Scope; readonly downstream: Downstream; readonly accept: Accept },
  ): Promise<void> {
    const { calls, clock, serverInfo } = this.#context;
    const controller = new AbortController();
    const exchange = Exchange.open(res, { clock, accept, requests: 1, onGone: () => controller.abort(clientGone()) });
    const notify = (notification: NotificationMessage): void => {
      // Log messages go only to a request that asked for them (spec 2026-07-28 server/utilities/logging).
      if (isWantedAt(downstream.logLevel ?? 'none', notification)) exchange.push(notification);
    };
    const answer = await calls.run({ scope, method, params, downstream, notify }, controller);
    if (!answer) return;
    const outcome = forModern(answer, method, serverInfo);
    exchange.answer(responseMessage(id, outcome), modernStatus(outcome));
  }
}

const clientGone = (): HubError => new HubError('CANCELLED', 'The client closed the connection.');

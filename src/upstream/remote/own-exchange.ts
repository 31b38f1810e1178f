import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Clock } from '../../base/index.ts';
import { isResponse, type Message, type RequestMessage, type ResponseMessage } from '../../protocol/index.ts';
import { notRun } from '../not-run.ts';
import { garbageError, type HttpPeer, sessionGoneError } from './http-errors.ts';
import { HttpExchange } from './http-exchange.ts';
import type { ResponseWatch } from './sdk-transport.ts';

export interface OwnExchangeOptions {
  readonly request: RequestMessage;
  readonly inSession: boolean;
  readonly peer: HttpPeer;
  readonly clock: Clock;
}

/**
 * A request of the transport's own: the answer to it, and the session that came with that.
 *
 * @throws HubError when there is none; its `details.session` is `ended` when the server does not know the session
 */
export function askOnce(
  { request, inSession, peer, clock }: OwnExchangeOptions,
  createSdk: (watch: ResponseWatch) => StreamableHTTPClientTransport,
  signal: AbortSignal,
): Promise<{ readonly answer: ResponseMessage; readonly sessionId: string | undefined }> {
  return new Promise((resolve, reject) => {
    const on = {
      message: (message: Message) => {
        if (answers(message, request)) resolve({ answer: message, sessionId: exchange.sessionId });
      },
      ended: (error: Error | undefined) => {
        if (error) reject(error);
      },
      sessionGone: () => reject(sessionGoneError(peer)),
      unreachable: (error: Parameters<typeof notRun>[0]) => reject(notRun(error)),
      isGone: async () => true,
    };
    const exchange = new HttpExchange({ request, inSession, peer, clock, on }, createSdk);
    signal.addEventListener('abort', () => reject(garbageError(peer, `gave no answer to "${request.method}" in time.`)), { once: true });
    void exchange.run({ signal });
  });
}

/** Whether a message answers this request. */
export function answers(message: Message, { id }: RequestMessage): message is ResponseMessage {
  return isResponse(message) && (message.id === id || message.id === undefined || message.id === null);
}

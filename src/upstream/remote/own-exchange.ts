import type { Message, RequestMessage, ResponseMessage } from '../../protocol/index.ts';
import { notRun } from '../not-run.ts';
import { garbageError, sessionGoneError } from './http-errors.ts';
import { answers, type ExchangeContext, HttpExchange } from './http-exchange.ts';

/**
 * A request of the transport's own: the answer to it, and the session that came with that.
 *
 * @throws HubError when there is none; its `details.session` is `ended` when the server does not know the session
 */
export function askOnce(
  request: RequestMessage,
  context: Omit<ExchangeContext, 'listener'>,
  signal: AbortSignal,
): Promise<{ readonly answer: ResponseMessage; readonly sessionId: string | undefined }> {
  const { peer } = context.server;
  return new Promise((resolve, reject) => {
    const listener = {
      message: (message: Message, exchange: HttpExchange) => {
        if (answers(message, request)) resolve({ answer: message, sessionId: exchange.newSessionId });
      },
      ended: (error: Error | undefined) => {
        if (error) reject(error);
      },
      sessionGone: () => reject(sessionGoneError(peer)),
      unreachable: (error: Parameters<typeof notRun>[0]) => reject(notRun(error)),
      isGone: async () => true,
    };
    const exchange = new HttpExchange({ request, options: {}, refusals: 0 }, { ...context, listener });
    const giveUp = (): void => {
      exchange.close();
      reject(garbageError(peer, `gave no answer to "${request.method}" in time.`));
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    exchange.run();
  });
}

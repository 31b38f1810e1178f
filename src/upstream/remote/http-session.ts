import { jsonText, messageOf, withDeadline } from '../../base/index.ts';
import { isNotification, type Message } from '../../protocol/index.ts';
import { networkError, statusError } from './http-errors.ts';
import { Posting, type Order } from './posting.ts';
import { StandaloneStream, type StandaloneStreamOptions } from './standalone-stream.ts';

/** Time for the DELETE of a session, in milliseconds. */
const DELETE_MS = 2_000;

/** What is sent and heard beside requests: notifications, answers, the standalone stream, the end of the session. */
export class HttpSession {
  readonly #options: StandaloneStreamOptions;
  readonly #posting: Posting;
  readonly #stream: StandaloneStream;

  constructor(options: StandaloneStreamOptions) {
    this.#options = options;
    this.#posting = new Posting(options.server);
    this.#stream = new StandaloneStream(options);
  }

  /** Sends what is no request; resolves when the server has taken it. @throws HubError; `details.status` where it was refused */
  async post(message: Message): Promise<void> {
    const headers = this.#options.headers().post(message, undefined);
    const status = await this.#send({ method: 'POST', headers, body: jsonText(message) });
    if (status === 202 && isNotification(message) && message.method === 'notifications/initialized') this.#stream.open();
  }

  /** Ends the session at the server, too. Never rejects. */
  async delete(): Promise<void> {
    const { headers, clock, onTrouble } = this.#options;
    const sent = this.#send({ method: 'DELETE', headers: headers().delete() });
    try {
      await withDeadline(sent, { clock, timeoutMs: DELETE_MS, onTimeout: () => new Error('no answer in time') });
    } catch (error) {
      // Expected: a server that is gone, or allows nobody to end a session. It ends by itself then.
      onTrouble(error instanceof Error ? error : new Error(messageOf(error)));
    }
  }

  /** Ends all that is on its way. Idempotent. */
  close(): void {
    this.#stream.close();
    this.#posting.close();
  }

  async #send(order: Omit<Order, 'inSession'>): Promise<number> {
    const { server, headers } = this.#options;
    const taken = await this.#posting.send({ ...order, inSession: headers().sessionId !== undefined });
    if ('failure' in taken) throw networkError(server.peer, taken.failure);
    if ('refusal' in taken) throw statusError(server.peer, taken.refusal.status, taken.refusal.text);
    return taken.status;
  }
}

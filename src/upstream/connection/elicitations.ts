import { isObject, type JsonObject, type NotificationMessage, type RpcError } from '../../protocol/index.ts';
import type { CallInFlight } from './requester.ts';
import type { ConnectionEvents, Origin } from '../types.ts';

/** Most visits that are remembered per connection; the oldest are forgotten first. */
const MAX_REMEMBERED = 1_000;
/** "URL elicitation required": a call was refused until its client has visited an address (spec 2025-11-25 client/elicitation). */
const URL_ELICITATION_REQUIRED = -32042;

interface Visit {
  readonly elicitationId: string;
  readonly sessionId: string;
  /** The call that it was asked for, as long as that runs. */
  call?: CallInFlight | undefined;
}

/**
 * Who was sent to which address, so that `notifications/elicitation/complete` reaches that session and nobody else. A modern
 * client knows no such notification (spec 2026-07-28 client/elicitation).
 */
export class Elicitations {
  readonly #forSession: (event: ConnectionEvents['forSession']) => void;
  #visits: Visit[] = [];

  constructor(forSession: (event: ConnectionEvents['forSession']) => void) {
    this.#forSession = forSession;
  }

  /** A call whose client is sent to an address by a question with these params. */
  asked(params: JsonObject | undefined, call: CallInFlight): void {
    this.#remember(params?.['elicitationId'], call.origin, call);
  }

  /** A call that was refused with this error. */
  refused({ code, data }: RpcError, origin: Origin): void {
    if (code !== URL_ELICITATION_REQUIRED || !isObject(data)) return;
    const { elicitations } = data;
    if (!Array.isArray(elicitations)) return;
    for (const one of elicitations) this.#remember(isObject(one) ? one['elicitationId'] : undefined, origin);
  }

  /** Hands the end of a visit on: on the stream of the call while that is open, else on the session's own. */
  completed(notification: NotificationMessage): void {
    const id = notification.params?.['elicitationId'];
    const meant = this.#visits.filter(({ elicitationId }) => elicitationId === id);
    if (meant.length === 0) return;
    this.#visits = this.#visits.filter(({ elicitationId }) => elicitationId !== id);
    for (const { call, sessionId } of meant) {
      if (!call?.tell(notification)) this.#forSession({ sessionId, notification });
    }
  }

  #remember(elicitationId: unknown, { sessionId }: Origin, call?: CallInFlight): void {
    if (typeof elicitationId !== 'string' || sessionId === undefined) return;
    const visit: Visit = { elicitationId, sessionId, call };
    this.#visits.push(visit);
    // A visit may never be told to be over, and a call holds on to much.
    call?.whenOver(() => (visit.call = undefined));
    if (this.#visits.length > MAX_REMEMBERED) this.#visits.shift();
  }
}

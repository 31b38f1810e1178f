import { type Clock, isSameValue } from '../../base/index.ts';
import {
  cancelledBy,
  type JsonObject,
  type NotificationMessage,
  type Outcome,
  type RequestId,
  type RequestMessage,
  rpcCode,
  type ServerRequest,
} from '../../protocol/index.ts';
import type { Called } from '../sharing/asking-tools.ts';
import { type Attribution, attribute, relatedTo } from './attribution.ts';
import type { CallInFlight } from './requester.ts';
import { isAboutTasks } from '../sharing/task-places.ts';

/** How long after it was told of other roots a server that asks for them means those, in milliseconds. */
const ROOTS_DUE_MS = 2_000;

export interface ServerRequestsOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly clock: Clock;
  /** The calls that a request may belong to, by the stream that it came on, oldest first. */
  readonly callsFor: (via: RequestId | undefined) => readonly CallInFlight[];
  /** The roots of nobody in particular. */
  readonly roots: () => Promise<readonly JsonObject[]>;
  /** Sends a notification to the server; never throws. */
  readonly notify: (method: string, params?: JsonObject) => void;
  /** Told of the calls that a request on no call's stream may be for. */
  readonly onAsked: (called: Called) => void;
  /** Told of a question that is put to a client, and by which call. */
  readonly onQuestion: (request: ServerRequest, call: CallInFlight) => void;
}

/**
 * What a legacy server asks of its client: sampling, elicitation, roots. Every request goes to the client whose call
 * caused it and to nobody else; where there is none, or it cannot be told which, the server gets an error at once. For roots it
 * gets those of all then, as it would outside of any call.
 */
export class ServerRequests {
  readonly #options: ServerRequestsOptions;
  readonly #open = new Set<{ readonly id: RequestId; readonly takenBack: AbortController }>();
  #wantsRoots = false;
  #rootsDueUntilMs = 0;

  constructor(options: ServerRequestsOptions) {
    this.#options = options;
  }

  /**
   * The client's answer to a request of the server's; `undefined` when the server took it back and waits for none.
   *
   * @param via the request on whose stream it came, where there are such streams
   */
  async answer({ id, method, params }: RequestMessage, via: RequestId | undefined): Promise<Outcome | undefined> {
    const calls = relatedTo(params, this.#options.callsFor(via));
    const attribution = attribute(calls);
    const isForRoots = method === 'roots/list';
    this.#wantsRoots ||= isForRoots;
    if (isForRoots && (attribution.kind !== 'client' || (via === undefined && this.#areRootsDue()))) return this.#roots();
    if (attribution.kind === 'nobody') return this.#noCall(method);
    if (via === undefined) this.#tellAsked(calls, attribution);
    if (attribution.kind === 'ambiguous') return this.#ambiguous(method);
    if (attribution.calls.length === 0) return cannotBeAsked(method);
    const takenBack = new AbortController();
    const open = { id, takenBack };
    this.#open.add(open);
    const outcome = await this.#ask({ method, params }, calls, attribution.calls, takenBack.signal);
    this.#open.delete(open);
    return takenBack.signal.aborted ? undefined : outcome;
  }

  /** The server takes one of its requests back. */
  cancelled({ params = {} }: NotificationMessage): void {
    for (const { id, takenBack } of this.#open) if (isSameValue(id, params['requestId'])) takenBack.abort(cancelledBy(params));
  }

  /** The roots outside of calls are others now; a server that never asked for them is not told (spec 2025-11-25 client/roots). */
  rootsChanged(): void {
    if (!this.#wantsRoots) return;
    this.#rootsDueUntilMs = this.#options.clock.now() + ROOTS_DUE_MS;
    this.#options.notify('notifications/roots/list_changed');
  }

  /**
   * @param calls all calls of the client
   * @param askable those by which it can be asked
   */
  async #ask(
    request: ServerRequest,
    calls: readonly CallInFlight[],
    askable: readonly CallInFlight[],
    takenBack: AbortSignal,
  ): Promise<Outcome> {
    const running = calls.filter(({ isOver }) => !isOver);
    const outlivesCall = running.length > 1;
    const signal = outlivesCall ? AbortSignal.any([takenBack, allOver(running)]) : takenBack;
    const asking = this.#askInTurn(request, askable, { signal, outlivesCall });
    // Whichever of its calls the server works on, it is the client's turn now.
    for (const call of running) void call.suspendedFor(asking);
    const outcome = await asking;
    // Asked at the start of a connection, it may have fallen into a short call that it had nothing to do with.
    const isLost = request.method === 'roots/list' && outcome.error && running.every(({ isOver }) => isOver);
    return isLost ? this.#roots() : outcome;
  }

  /** With the first of the calls whose stream is still there. */
  async #askInTurn(
    request: ServerRequest,
    calls: readonly CallInFlight[],
    { signal, outlivesCall }: { readonly signal: AbortSignal; readonly outlivesCall: boolean },
  ): Promise<Outcome> {
    const tell = ({ method, params }: NotificationMessage): void => {
      if (!signal.aborted) this.#options.notify(method, params);
    };
    let outcome: Outcome | undefined;
    for (const call of calls) {
      if (call.isOver || !call.askClient) continue;
      this.#options.onQuestion(request, call);
      outcome = await call.askClient(request, signal, { tell, outlivesCall });
      if (outcome.result || signal.aborted || !call.isOver) return outcome;
    }
    return outcome ?? this.#noCall(request.method);
  }

  /** Of several calls of one client, the one that is known to ask has asked; no other is suspected then. */
  #tellAsked(calls: readonly CallInFlight[], { kind }: Attribution): void {
    if (kind === 'client' && calls.some(({ asks }) => asks)) return;
    for (const { called } of calls) if (!isAboutTasks(called)) this.#options.onAsked(called);
  }

  #areRootsDue(): boolean {
    return this.#options.clock.now() < this.#rootsDueUntilMs;
  }

  async #roots(): Promise<Outcome> {
    this.#rootsDueUntilMs = 0;
    return { result: { roots: await this.#options.roots() } };
  }

  #noCall(method: string): Outcome {
    const message = `No call to server "${this.#options.id}" is in flight, so there is no client that "${method}" could be sent to.`;
    return { error: { code: rpcCode.internalError, message } };
  }

  #ambiguous(method: string): Outcome {
    const message =
      `Several calls to server "${this.#options.id}" are in flight, and nothing in "${method}" says which of their clients is meant. ` +
      'Call again: the hub has learned that these calls ask something and gives each client a connection of its own for them.';
    return { error: { code: rpcCode.internalError, message } };
  }
}

/** Aborts when none of the calls is in flight any more. */
function allOver(calls: readonly CallInFlight[]): AbortSignal {
  const over = new AbortController();
  let left = calls.length;
  for (const call of calls) {
    call.whenOver(() => {
      left -= 1;
      if (left === 0) over.abort();
    });
  }
  return over.signal;
}

function cannotBeAsked(method: string): Outcome {
  const message = `The client of this call cannot be sent requests, as "${method}" would be one.`;
  return { error: { code: rpcCode.methodNotFound, message } };
}

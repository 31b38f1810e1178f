import { type Clock, type Disposable, HubError } from '../base/index.ts';
import type { UpstreamRequest } from '../upstream/index.ts';
import type { Answer, Call } from './call.ts';
import { ParkedCall, type Parking, type Worker } from './parked-call.ts';
import { bindingOf, type OwnState, RequestStates } from './request-state.ts';
import { stateExpired, stateRefused } from './state-refusals.ts';
import { visitDeclined } from './url-elicitation.ts';

/** Most calls of one principal that wait for answers. */
const MAX_PER_PRINCIPAL = 64;
/** Most calls that wait for answers in all. */
const MAX_PARKED = 1_024;

/** The requests that may be answered with `input_required` (spec 2026-07-28 basic/patterns/mrtr, "Supported Requests"). */
const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/**
 * The calls of modern clients that legacy servers have asked something about. They live in this process only: with it go the
 * calls, and the key of every `requestState` that was given out for them.
 */
export class Parks implements Disposable {
  readonly #parked = new Map<string, ParkedCall>();
  readonly #perPrincipal = new Map<string, number>();
  readonly #states = new RequestStates();
  readonly #clock: Clock;
  readonly #parking: Parking;

  /** @param raiseLogLevel see {@link Parking} */
  constructor(clock: Clock, raiseLogLevel: Parking['raiseLogLevel']) {
    this.#clock = clock;
    this.#parking = {
      clock,
      states: this.#states,
      raiseLogLevel,
      admit: (parked) => this.#admit(parked),
      forget: (parked) => this.#forget(parked),
    };
  }

  /** Takes back every call that waits. */
  dispose(): void {
    for (const parked of this.#parked.values()) parked.end(new HubError('SHUTTING_DOWN', 'The hub is stopping.'));
  }

  /** Whether a call may be answered with questions. */
  mayAsk({ downstream, method }: Call): boolean {
    return downstream.era === 'modern' && MAY_ASK.has(method);
  }

  /** Whether a call goes by {@link start}: its client cannot be sent requests, but its server may send some. */
  covers(upstream: Worker, call: Call): boolean {
    return this.mayAsk(call) && upstream.listing?.identity.era !== 'modern';
  }

  /** Makes a call that the hub itself has something to ask about, whatever its server is. A `requestState` in it is the server's. */
  park(upstream: Worker, call: Call, request: UpstreamRequest): Promise<Answer> {
    return new ParkedCall(this.#parking, upstream, call).start(call, request);
  }

  /** Makes a call that is no retry of one that waits. A `requestState` in it must be one of the hub's all the same. */
  start(upstream: Worker, call: Call, request: UpstreamRequest): Promise<Answer> {
    if (call.params?.['requestState'] !== undefined) return this.#startAnew(upstream, call, request);
    return new ParkedCall(this.#parking, upstream, call).start(call, request);
  }

  /** The answer to a retry of a call that waits; `undefined` when it is none of the hub's making. */
  resume(call: Call): Promise<Answer> | undefined {
    if (call.params?.['requestState'] === undefined || !MAY_ASK.has(call.method)) return undefined;
    const state = this.#stateOf(call);
    if (state?.kind !== 'parked') return undefined;
    if (this.#isLate(state)) return Promise.resolve(stateExpired());
    return this.#parked.get(state.park)?.resume(call, state.round) ?? Promise.resolve(stateRefused());
  }

  async #startAnew(upstream: Worker, call: Call, request: UpstreamRequest): Promise<Answer> {
    if (!upstream.listing) await upstream.settled(call.signal);
    // A server that turns out to be modern knows its own state.
    if (!this.covers(upstream, call)) return upstream.request(request);
    const state = this.#stateOf(call);
    if (!state && !upstream.listing) return upstream.request(request);
    if (state?.kind !== 'anew') return stateRefused();
    if (this.#isLate(state)) return stateExpired();
    return visitDeclined(upstream.id, call) ?? new ParkedCall(this.#parking, upstream, call).start(call, request);
  }

  #stateOf(call: Call): OwnState | undefined {
    const sealed = call.params?.['requestState'];
    if (typeof sealed !== 'string' || call.downstream.era !== 'modern') return undefined;
    return this.#states.open(() => bindingOf(call), sealed);
  }

  #isLate({ expiresMs }: OwnState): boolean {
    return this.#clock.now() >= expiresMs;
  }

  #admit(parked: ParkedCall): string | undefined {
    const own = this.#perPrincipal.get(parked.principalId) ?? 0;
    if (own >= MAX_PER_PRINCIPAL) return `${MAX_PER_PRINCIPAL} calls of this client wait for answers already. Answer some first.`;
    if (this.#parked.size >= MAX_PARKED) return `${MAX_PARKED} calls wait for answers of clients already. Try again later.`;
    this.#parked.set(parked.id, parked);
    this.#perPrincipal.set(parked.principalId, own + 1);
    return undefined;
  }

  #forget({ id, principalId }: ParkedCall): void {
    if (!this.#parked.delete(id)) return;
    const left = (this.#perPrincipal.get(principalId) ?? 1) - 1;
    if (left > 0) this.#perPrincipal.set(principalId, left);
    else this.#perPrincipal.delete(principalId);
  }
}

import { type CancelSignal, type Clock, type Disposable, HubError, toHubError } from '../base/index.ts';
import {
  abilityFor,
  type ClientAbility,
  fieldOf,
  isObject,
  type JsonObject,
  type NotificationMessage,
  type Outcome,
  type RpcError,
  rpcCode,
  type ServerRequest,
} from '../protocol/index.ts';
import type { Upstream, UpstreamRequest } from '../upstream/index.ts';
import { failureAnswer, hubResult } from './answer.ts';
import type { Answer, Call, Downstream } from './call.ts';
import { HeldNotifications, notifyOf } from './held-notifications.ts';
import { MAX_QUESTIONS, MAX_ROUNDS } from './input-rounds.ts';
import { OpenQuestions, unanswered } from './open-questions.ts';
import { bindingOf, type OwnState, randomId, type RequestStates } from './request-state.ts';
import { answersRefused, clientLacks, stateRefused } from './state-refusals.ts';
import { withUrlsToVisit } from './url-elicitation.ts';

/** How long the answers of a client may take, in milliseconds, from each `input_required` on: there is a person behind it. */
const ANSWER_WITHIN_MS = 600_000;
/** Questions that come this close together, in milliseconds, are asked in one round. */
const DEBOUNCE_MS = 5;

/** How long a server that was told that its client cannot be asked may take to end the call itself, in milliseconds. */
const GIVE_UP_WITHIN_MS = 1_000;

/** What does the work of a call: a server, or what stands for it. */
export type Worker = Pick<Upstream, 'id' | 'listing' | 'settled' | 'request'>;

/** What parked calls stand on. */
export interface Parking {
  readonly clock: Clock;
  readonly states: RequestStates;
  /** Sees to it that a server sends log messages as fine as a request wants them, until what is returned is called. */
  raiseLogLevel(serverId: string, downstream: Downstream): (() => void) | undefined;
  /** Takes in a call that is about to wait for its client; says why not when there are too many. */
  admit(parked: ParkedCall): string | undefined;
  forget(parked: ParkedCall): void;
}

/** A request of the client's that waits for an answer now. */
interface Leg {
  readonly call: Call;
  readonly resolve: (answer: Answer) => void;
  /** Only of a retry: the first request's own signal is the server's too … */
  readonly onAbort?: () => void;
  /** … and its log level is seen to on its way here. */
  readonly releaseLogLevel?: (() => void) | undefined;
}

/**
 * One call of a modern client to a legacy server, for as long as the server works on it. When the server asks something, the
 * request of the client that is open is answered with `input_required`, the server's work is left as it is, and the next
 * request of the client that brings the answers takes its place (spec 2026-07-28 basic/patterns/mrtr).
 *
 * Costs nothing beyond itself until a question comes. From the first question on it is parked: known to {@link Parking} and
 * found by `id`.
 */
export class ParkedCall {
  readonly principalId: string;
  readonly #parking: Parking;
  readonly #upstream: Worker;
  readonly #method: string;
  readonly #questions = new OpenQuestions();
  readonly #held = new HeldNotifications();
  /** Takes the server's work back; known from the first question on. */
  #takeBack: ((reason: HubError) => void) | undefined;
  #id: string | undefined;
  #leg: Leg | undefined;
  /** The server's answer, when it came while no request of the client was open. */
  #outcome: Answer | undefined;
  /** The round that the client was asked last and has not answered. */
  #round: string | undefined;
  #rounds = 0;
  #debounce: Disposable | undefined;
  #expiry: Disposable | undefined;
  #over = false;
  /** What the client is told when the server gives up: it cannot be asked what the server needs to know. */
  #refusal: Answer | undefined;

  constructor(parking: Parking, upstream: Worker, { downstream, method }: Call) {
    this.#parking = parking;
    this.#upstream = upstream;
    this.#method = method;
    this.principalId = downstream.principal.id;
  }

  /** Made when the call is parked: most calls never need a name. */
  get id(): string {
    this.#id ??= randomId();
    return this.#id;
  }

  /** Makes the call. Resolves with what its client is to be told; never rejects. */
  start(call: Call, request: UpstreamRequest): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => (this.#leg = { call, resolve }));
    const whole: UpstreamRequest = {
      ...request,
      onNotification: (notification) => this.#notified(notification),
      onRequest: (question, signal, options) => this.#asked(question, signal, options?.takeBack),
    };
    this.#upstream.request(whole).then(
      (answer) => this.#settled(answer),
      (error: unknown) => this.#settled(failureAnswer(this.#method, toHubError(error))),
    );
    return answered;
  }

  /** Goes on with a retry. One that does not fit changes nothing. */
  resume(call: Call, round: string): Promise<Answer> {
    if (this.#over || this.#round !== round) return Promise.resolve(stateRefused());
    const { inputResponses: responses = {} } = call.params ?? {};
    if (!isObject(responses)) return Promise.resolve(answersRefused('inputResponses must be an object.'));
    const problem = this.#questions.problemWith(responses);
    if (problem !== undefined) return Promise.resolve(answersRefused(problem));
    this.#round = undefined;
    this.#expiry?.dispose();
    const answered = this.#open(call);
    this.#held.flushTo(call);
    if (this.#outcome) this.#deliver(this.#outcome);
    else this.#goOn(responses);
    return answered;
  }

  /** Takes the call back: the server is told, its questions are answered with an error, nothing is kept. Idempotent. */
  end(reason: HubError): void {
    if (this.#over) return;
    this.#finish();
    this.#questions.refuse(unanswered(reason.message).error);
    this.#respond(failureAnswer(this.#method, reason));
    this.#takeBack?.(reason);
  }

  #open(call: Call): Promise<Answer> {
    const { signal } = call;
    return new Promise((resolve) => {
      const onAbort = (): void => this.end(toHubError(signal.reason, 'CANCELLED'));
      const releaseLogLevel = this.#parking.raiseLogLevel(this.#upstream.id, call.downstream);
      this.#leg = { call, resolve, onAbort, releaseLogLevel };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #goOn(responses: JsonObject): void {
    this.#questions.answer(responses);
    if (this.#questions.size > 0) this.#askSoon();
  }

  async #asked(request: ServerRequest, signal: CancelSignal, takeBack?: (reason: HubError) => void): Promise<Outcome> {
    const { method } = request;
    const needs = abilityFor(request);
    if (needs === undefined) {
      return { error: { code: rpcCode.methodNotFound, message: `"${method}" is not a request that a client of this call answers.` } };
    }
    const refused = this.#whyNotAsk();
    if (refused !== undefined) return unanswered(`"${method}" cannot be asked: ${refused}`);
    this.#takeBack = takeBack;
    const outcome = this.#questions.ask(request, needs, signal);
    if (this.#leg) this.#askSoon();
    return outcome;
  }

  /** Why no more questions can be asked. */
  #whyNotAsk(): string | undefined {
    if (this.#over || this.#outcome) return 'the call is over.';
    if (this.#rounds >= MAX_ROUNDS) return `the client has been asked ${MAX_ROUNDS} times in this call already.`;
    if (this.#questions.size >= MAX_QUESTIONS) return `the client has ${MAX_QUESTIONS} questions of this call to answer already.`;
    return this.#id === undefined ? this.#parking.admit(this) : undefined;
  }

  #askSoon(): void {
    this.#debounce ??= this.#parking.clock.after(DEBOUNCE_MS, () => {
      this.#debounce = undefined;
      this.#ask();
    });
  }

  /** Answers the open request of the client with the questions that it can be asked. */
  #ask(): void {
    if (!this.#leg || this.#questions.size === 0) return;
    const { call } = this.#leg;
    const { requests, lacking } = this.#questions.forClient(call.downstream.clientCapabilities ?? {});
    // The server may do without a part of what it asked for; that is for the server to say.
    if (lacking.size > 0) this.#questions.refuse(notDeclared(lacking), lacking);
    const canAskNothing = Object.keys(requests).length === 0;
    // Servers ask for roots to know a little more, and go on without them.
    if (canAskNothing && !needsMoreThanRoots(lacking)) return;
    if (canAskNothing) return this.#endLacking(lacking);
    if (this.#rounds >= MAX_ROUNDS) return this.#questions.refuse(unanswered(`The client did not answer in ${MAX_ROUNDS} rounds.`).error);
    this.#rounds += 1;
    this.#round = randomId();
    const { clock, states } = this.#parking;
    const state: OwnState = { kind: 'parked', park: this.id, round: this.#round, expiresMs: clock.now() + ANSWER_WITHIN_MS };
    this.#expiry = clock.after(ANSWER_WITHIN_MS, () => this.end(expired(this.#upstream.id)));
    const requestState = states.seal(bindingOf(call), state);
    this.#respond(hubResult({ resultType: 'input_required', inputRequests: requests, requestState }));
  }

  /**
   * Over, but for the server, which mostly ends a call itself when its question is refused. To take the call back would leave
   * open for long whether the server still works on it, and whose its next question is.
   */
  #endLacking(lacking: ReadonlySet<ClientAbility>): void {
    this.#finish();
    const refusal = clientLacks(this.#upstream.id, lacking);
    this.#refusal = refusal;
    this.#expiry = this.#parking.clock.after(GIVE_UP_WITHIN_MS, () => {
      this.#takeBack?.(new HubError('INPUT_NOT_GIVEN', 'The client did not declare what the server asked for.'));
      this.#respond(refusal);
    });
  }

  #notified(notification: NotificationMessage): void {
    if (this.#leg) notifyOf(this.#leg.call, notification);
    else if (!this.#over) this.#held.add(notification);
  }

  #settled(answer: Answer): void {
    if (this.#refusal) {
      this.#expiry?.dispose();
      this.#respond(isDone(answer) ? answer : this.#refusal);
    }
    if (this.#over) return;
    if (this.#questions.size > 0) this.#questions.refuse(unanswered('The call is over.').error);
    if (this.#leg) this.#deliver(answer);
    else this.#outcome = answer;
  }

  #deliver(answer: Answer): void {
    const { states, clock } = this.#parking;
    const call = this.#leg?.call;
    this.#finish();
    const seal = (at: Call): string => states.seal(bindingOf(at), { kind: 'anew', expiresMs: clock.now() + ANSWER_WITHIN_MS });
    this.#respond((call && withUrlsToVisit(this.#upstream.id, call, answer, seal)) ?? answer);
  }

  #respond(answer: Answer): void {
    const leg = this.#leg;
    this.#leg = undefined;
    if (leg?.onAbort) leg.call.signal.removeEventListener('abort', leg.onAbort);
    leg?.releaseLogLevel?.();
    leg?.resolve(answer);
  }

  #finish(): void {
    this.#over = true;
    this.#debounce?.dispose();
    this.#expiry?.dispose();
    if (this.#id !== undefined) this.#parking.forget(this);
  }
}

/** Whether the server did what it was called for. */
const isDone = ({ outcome }: Answer): boolean => outcome.error === undefined && fieldOf(outcome, 'isError') !== true;

const needsMoreThanRoots = (lacking: ReadonlySet<ClientAbility>): boolean => lacking.size > 1 || !lacking.has('roots');

function notDeclared(lacking: ReadonlySet<ClientAbility>): RpcError {
  const names = [...lacking].map((name) => `"${name}"`).join(', ');
  return { code: rpcCode.methodNotFound, message: `The client of this call cannot be asked: it did not declare the capability ${names}.` };
}

function expired(server: string): HubError {
  return new HubError('INPUT_NOT_GIVEN', `Nobody answered the questions of server "${server}" within 10 minutes.`, { details: { server } });
}

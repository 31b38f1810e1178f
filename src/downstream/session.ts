import { anyOf, HubError, isSameValue, LiveSet, type Placed, toHubError } from '../base/index.ts';
import type { Call, Downstream, Feed, Principal, Scope } from '../gateway/index.ts';
import {
  cancelledBy,
  isLoggingLevel,
  isNotification,
  isObject,
  isWantedAt,
  type JsonObject,
  type NotificationMessage,
  negotiateLegacy,
  type Outcome,
  type RequestId,
  type RequestMessage,
  type ResponseMessage,
  responseMessage,
  rpcCode,
  rpcErrorOf,
} from '../protocol/index.ts';
import { CallController } from './calls.ts';
import { lackingAbility } from './client-abilities.ts';
import type { Context } from './context.ts';
import { forLegacy, initializeResult } from './legacy-results.ts';
import type { MessageStream } from './message-stream.ts';
import { type Push, Questions } from './questions.ts';

/** Whose a session is, and where: nobody else may use it, and nowhere else. */
export interface Owner {
  readonly principal: Principal;
  readonly scope: Scope;
}

interface RunningCall extends Placed {
  readonly id: RequestId;
  readonly controller: CallController;
  readonly headers: Call['headers'];
}

/** A session is told of every list that changes. */
const ALL_CHANGES = new Set(['tools', 'prompts', 'resources'] as const);

/** Methods that no handshake revision has; they are not sent on. */
const MODERN_ONLY: ReadonlySet<string> = new Set(['server/discover', 'subscriptions/listen']);

/**
 * One client of a handshake revision, from `initialize` on, whichever transport it came by. The transports hand its
 * messages in and give the stream that unasked-for notifications go out on.
 */
export class Session {
  readonly id: string;
  readonly scope: Scope;
  readonly owner: Owner;
  readonly #context: Context;
  readonly #running = new LiveSet<RunningCall>();
  readonly #parked: MessageStream | undefined;
  readonly #questions: Questions;
  #downstream: Downstream | undefined;
  #feed: Feed | undefined;
  #stream: MessageStream | undefined;
  #lastUsedMs: number;
  #closed = false;
  /** Whether its client has ended the handshake, and so may be asked something. */
  #isReady = false;

  /** @param parked keeps what belongs to no request while nobody listens; without it, that is lost. */
  constructor(id: string, owner: Owner, context: Context, parked?: MessageStream) {
    this.id = id;
    this.owner = owner;
    this.scope = owner.scope;
    this.#context = context;
    this.#parked = parked;
    this.#questions = new Questions(context.clock);
    this.#lastUsedMs = context.clock.now();
  }

  /** The revision that the handshake agreed on; `undefined` before it. */
  get version(): string | undefined {
    return this.#downstream?.protocolVersion;
  }

  /** When its client was last heard of or, while it listens or waits, now: milliseconds since the epoch. */
  get lastUsedMs(): number {
    return this.isBusy ? this.#context.clock.now() : this.#lastUsedMs;
  }

  /** Whether a stream is open or a request is running. */
  get isBusy(): boolean {
    return this.#stream !== undefined || this.#running.size > 0;
  }

  /**
   * Answers one request; `undefined` when its client took it back. Never rejects.
   *
   * @param push sends what belongs to the request before it is answered
   * @param headers those it came with, where its transport has any
   */
  async request(message: RequestMessage, push: Push, headers?: Call['headers']): Promise<ResponseMessage | undefined> {
    this.#touch();
    const call: RunningCall = { id: message.id, controller: new CallController(), headers };
    this.#running.add(call);
    try {
      const outcome = await this.#outcome(message, push, call);
      return outcome && responseMessage(message.id, outcome);
    } catch (error) {
      this.#context.logger.error(`${message.method} failed inside the hub`, { code: 'UNHANDLED_ERROR', reason: String(error) });
      return responseMessage(message.id, { error: rpcErrorOf(toHubError(error)) });
    } finally {
      this.#running.delete(call);
      this.#touch();
    }
  }

  /** Takes a notification of the client; one that the hub does not know may be for the server behind this endpoint. */
  notification({ method, params }: NotificationMessage): void {
    this.#touch();
    switch (method) {
      case 'notifications/cancelled':
        return this.#cancel(params);
      case 'notifications/progress':
        return this.#questions.progress(params);
      case 'notifications/roots/list_changed':
        return this.#feed?.rootsChanged();
      case 'notifications/initialized':
        this.#isReady = true;
        return this.#feed?.reachable();
      default:
        return this.#context.gateway.notify(this.scope, { jsonrpc: '2.0', method, params }, this.id);
    }
  }

  #cancel(params: JsonObject = {}): void {
    for (const { id, controller } of this.#running) {
      if (isSameValue(id, params['requestId'])) controller.abort(cancelledBy(params));
    }
  }

  /** Takes the client's answer to a request that was sent to it; any other is ignored. */
  response(message: ResponseMessage): void {
    this.#touch();
    this.#questions.answer(message);
  }

  /** Gives the stream for notifications that belong to no request; false when there is one. */
  listenOn(stream: MessageStream): boolean {
    if (this.#stream) return false;
    this.#touch();
    this.#stream = stream;
    this.#feed?.reachable();
    return true;
  }

  /** Takes the stream back, when it is over. */
  stopListening(stream: MessageStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#touch();
  }

  /** Its client was heard of, other than by a message. */
  heard(): void {
    this.#touch();
  }

  /** Ends it: running calls are taken back, its stream and its feed end. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#feed?.dispose();
    for (const { controller } of this.#running) controller.abort(new HubError('CANCELLED', 'The session ended.'));
    this.#stream?.end();
  }

  #isInitialized(): boolean {
    return this.#downstream !== undefined;
  }

  #touch(): void {
    this.#lastUsedMs = this.#context.clock.now();
  }

  #outcome(message: RequestMessage, push: Push, running: RunningCall): Outcome | Promise<Outcome | undefined> {
    const { method, params } = message;
    if (method === 'ping') return { result: {} };
    if (method === 'initialize') return this.#initialize(params ?? {}, running.controller);
    if (!this.#downstream || !this.#feed) return fault(rpcCode.invalidRequest, 'Send initialize first.');
    if (MODERN_ONLY.has(method)) return fault(rpcCode.methodNotFound, `${method} is not a method of this protocol revision.`);
    switch (method) {
      case 'logging/setLevel':
        return this.#setLevel(this.#feed, this.#downstream, params?.['level']);
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return this.#subscription(this.#feed, method, params?.['uri']);
      default:
        return this.#call(message, this.#downstream, push, running);
    }
  }

  async #initialize(params: JsonObject, controller: CallController): Promise<Outcome | undefined> {
    if (this.#isInitialized()) return alreadyInitialized();
    const { clientInfo, capabilities } = params;
    const protocolVersion = negotiateLegacy(params['protocolVersion']);
    const downstream: Downstream = {
      principal: this.owner.principal,
      sessionId: this.id,
      era: 'legacy',
      protocolVersion,
      clientInfo: isObject(clientInfo) ? clientInfo : undefined,
      clientCapabilities: isObject(capabilities) ? capabilities : undefined,
    };
    const { calls, serverInfo } = this.#context;
    const { signal } = controller;
    const answer = await calls.run({ scope: this.scope, method: 'server/discover', downstream, signal, notify: () => {} }, controller);
    if (!answer || this.#closed) return undefined;
    if (answer.outcome.error) return forLegacy(answer, 'initialize');
    if (this.#isInitialized()) return alreadyInitialized();
    this.#downstream = downstream;
    this.#feed = this.#context.gateway.attach({
      ...this.owner,
      changes: ALL_CHANGES,
      logs: true,
      sessionId: this.id,
      askRoots: isObject(downstream.clientCapabilities?.['roots']) ? (signal) => this.#askRoots(signal) : undefined,
      send: (event) => this.#push(event),
    });
    return { result: initializeResult(answer.outcome.result, protocolVersion, serverInfo) };
  }

  #call(
    { method, params }: RequestMessage,
    downstream: Downstream,
    push: Push,
    { controller, headers }: RunningCall,
  ): Promise<Outcome | undefined> {
    const notify = (event: NotificationMessage): void => {
      // Before the client sets a level, the server decides what it sends.
      if (!isWantedAt(this.#downstream?.logLevel ?? 'all', event) || push(event)) return;
      // The client waits for it longer than for the call.
      if (event.method === 'notifications/elicitation/complete') this.#push(event);
    };
    // Made when the server asks something, which few calls come to.
    let over: AbortController | undefined;
    let isOver = false;
    const ask: NonNullable<Call['ask']> = async (request, signal, { tell, outlivesCall } = {}) => {
      const error = lackingAbility(request, downstream.clientCapabilities);
      if (error) return { error };
      if (!outlivesCall) {
        over ??= new AbortController();
        if (isOver) over.abort();
        return this.#questions.ask(request, { push, signal: anyOf(signal, over.signal), tell });
      }
      const anyStream: Push = (message) => push(message) || (this.#stream?.send(message) ?? false);
      return this.#questions.ask(request, { push: anyStream, signal, tell });
    };
    const call: Call = { scope: this.scope, method, params, downstream, headers, signal: controller.signal, notify, ask };
    return this.#context.calls.run(call, controller).then((answer) => {
      isOver = true;
      over?.abort();
      return answer && forLegacy(answer, method);
    });
  }

  async #setLevel(feed: Feed, downstream: Downstream, level: unknown): Promise<Outcome> {
    if (!isLoggingLevel(level)) return fault(rpcCode.invalidParams, 'Invalid params: level is not a logging level.');
    this.#downstream = { ...downstream, logLevel: level };
    await feed.setLogLevel(level);
    return { result: {} };
  }

  async #subscription(feed: Feed, method: string, uri: unknown): Promise<Outcome> {
    if (typeof uri !== 'string') return fault(rpcCode.invalidParams, 'Invalid params: uri must be a string.');
    const outcome = await (method === 'resources/subscribe' ? feed.subscribe(uri) : feed.unsubscribe(uri));
    return forLegacy({ era: 'hub', outcome }, 'resources/read');
  }

  /** Outside of any call there is only the session's own stream to ask on. */
  async #askRoots(signal: AbortSignal): Promise<Outcome> {
    const push: Push = (message) => this.#isReady && (this.#stream?.send(message) ?? false);
    return this.#questions.ask({ method: 'roots/list' }, { push, signal });
  }

  #push(event: NotificationMessage): void {
    (this.#stream ?? this.#parked)?.send(event);
  }
}

/** Hands a session what needs no answer. */
export function takeIn(session: Session, message: NotificationMessage | ResponseMessage): void {
  if (isNotification(message)) session.notification(message);
  else session.response(message);
}

const alreadyInitialized = (): Outcome => fault(rpcCode.invalidRequest, 'This session is initialized already.');

function fault(code: number, message: string): Outcome {
  return { error: { code, message } };
}

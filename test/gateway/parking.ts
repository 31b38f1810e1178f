import { expect } from 'vitest';
import { type Deferred, deferred, HubError, silentLogger } from '../../src/base/index.ts';
import { type Answer, type Call, HubGateway } from '../../src/gateway/index.ts';
import type { JsonObject, LoggingLevel, NotificationMessage, Outcome } from '../../src/protocol/index.ts';
import type { UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing, type ListingParts, tool } from '../support/fake-upstream.ts';

export const ALL: JsonObject = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} };
export const YES = { action: 'accept', content: { name: 'ada' } };
export const SAID = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } };
export const DONE: Outcome = { result: { content: [{ type: 'text', text: 'done' }] } };

/** One call as the server sees it. */
export class Work {
  readonly request: UpstreamRequest;
  readonly #end: Deferred<Outcome>;
  isCancelled = false;

  constructor(request: UpstreamRequest, end: Deferred<Outcome>) {
    this.request = request;
    this.#end = end;
  }

  /** Asks the client something; the answer is kept in `outcome` once there is one. */
  ask(method: string, params?: JsonObject): { outcome: Outcome | undefined; takeBack(): void } {
    const aborter = new AbortController();
    const question: { outcome: Outcome | undefined; takeBack(): void } = { outcome: undefined, takeBack: () => aborter.abort() };
    const takeBack = (reason: HubError): void => this.takeBack(reason);
    void this.request.onRequest?.({ method, params }, aborter.signal, { takeBack }).then((outcome) => (question.outcome = outcome));
    return question;
  }

  elicit(message = 'Name?') {
    return this.ask('elicitation/create', { message, requestedSchema: { type: 'object' } });
  }

  tell(method: string, params: JsonObject): void {
    this.request.onNotification?.({ jsonrpc: '2.0', method, params });
  }

  answer(outcome: Outcome = DONE): void {
    this.#end.resolve(outcome);
  }

  die(): void {
    this.#end.reject(new HubError('UPSTREAM_EXITED', 'The process ended.'));
  }

  /** What the connection does when a request is taken back. */
  takeBack(reason: HubError): void {
    this.isCancelled = true;
    this.#end.reject(reason);
  }
}

export interface Sent {
  readonly answer: Promise<Answer>;
  readonly notes: NotificationMessage[];
  /** The client closes the stream. */
  close(): void;
}

export interface SendOptions {
  readonly method?: string;
  readonly capabilities?: JsonObject;
  readonly principal?: string;
  readonly scope?: Call['scope'];
  readonly logLevel?: LoggingLevel;
}

/** A hub's gateway over one legacy server `srv` that does what the test says. */
export function parkingLot(parts: ListingParts = {}) {
  const clock = new FakeClock();
  const offer = { tools: [tool('t'), tool('u')], prompts: [{ name: 'p' }], resources: [{ uri: 'x://1', name: 'x' }], ...parts };
  const upstream = new FakeUpstream('srv', listing(offer));
  const works: Work[] = [];
  upstream.answer = (request) => {
    const end = deferred<Outcome>();
    const work = new Work(request, end);
    const cancel = (): void => work.takeBack(new HubError('CANCELLED', 'It was taken back.'));
    if (request.signal.aborted) cancel();
    else request.signal.addEventListener('abort', cancel, { once: true });
    works.push(work);
    return end.promise;
  };
  const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
  const upstreams = new FakeUpstreams(upstream);
  const gateway = new HubGateway({ upstreams, hub, maxToolNameLength: () => 54, clock, logger: silentLogger, onNote: () => {} });
  gateway.start();

  const send = (params: JsonObject = CALL, options: SendOptions = {}): Sent => {
    const { method = 'tools/call', capabilities = ALL, principal = 'ada', scope = { kind: 'all' }, logLevel } = options;
    const aborter = new AbortController();
    const notes: NotificationMessage[] = [];
    const answer = gateway.call({
      scope,
      method,
      params,
      downstream: {
        principal: { id: principal },
        era: 'modern',
        protocolVersion: '2026-07-28',
        clientCapabilities: capabilities,
        logLevel,
      },
      signal: aborter.signal,
      notify: (notification) => notes.push(notification),
    });
    return { answer, notes, close: () => aborter.abort(new HubError('CANCELLED', 'The client closed the connection.')) };
  };
  /** Makes a call and waits until the server works on it. */
  const begin = async (params?: JsonObject, options?: SendOptions): Promise<{ work: Work; sent: Sent }> => {
    const sent = send(params, options);
    await settle();
    const work = works.at(-1);
    if (!work) throw new Error('the call did not reach the server');
    return { work, sent };
  };
  /** … until it has asked for a name, and the client has been told. */
  const park = async (params?: JsonObject, options?: SendOptions) => {
    const { work, sent } = await begin(params, options);
    const question = work.elicit();
    await clock.advance(5);
    return { work, question, round: roundOf(await sent.answer) };
  };
  return { clock, upstream, upstreams, works, gateway, send, begin, park };
}

export const CALL: JsonObject = { name: 'srv__t', arguments: { a: 1, b: { c: [1, 2], d: null } }, _meta: { x: 1 } };

export interface Round {
  readonly inputRequests: JsonObject;
  readonly requestState: string;
  /** The keys of what is asked. */
  readonly keys: readonly string[];
}

export function roundOf({ outcome }: Answer): Round {
  expect(outcome.result).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) as string });
  const inputRequests = outcome.result?.['inputRequests'] as JsonObject;
  return { inputRequests, requestState: outcome.result?.['requestState'] as string, keys: Object.keys(inputRequests) };
}

/** The retry of `params` that answers each question of a round with `answer`. */
export const retry = ({ keys, requestState }: Round, answer: JsonObject = YES, params: JsonObject = CALL): JsonObject => ({
  ...params,
  requestState,
  inputResponses: Object.fromEntries(keys.map((key) => [key, answer])),
});

export function refusalOf({ outcome }: Answer): string {
  expect(outcome.error).toMatchObject({ code: -32602 });
  return outcome.error?.message ?? '';
}

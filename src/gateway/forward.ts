import { anyOf, type Clock, HubError, sleep, toHubError } from '../base/index.ts';
import type { JsonObject } from '../protocol/index.ts';
import { rpcCode } from '../protocol/index.ts';
import type { Origin, Upstream, UpstreamRequest } from '../upstream/index.ts';
import { failureAnswer, hubFailure } from './answer.ts';
import type { Answer, Call } from './call.ts';
import { asCoreTask, needsCoreTask, throughCoreTask } from './core-tasks.ts';
import { needsLogin } from './login-errors.ts';
import { canBeSent, type LoginVisits } from './login-visits.ts';
import type { Parks } from './parks.ts';
import { forTaskClient, keepsTaskHint, withoutTaskHint } from './task-calls.ts';
import { answerRounds, insistsOnTask, runAsTask } from './task-rounds.ts';
import type { Send } from './task-work.ts';
import type { Routing } from './route.ts';
import type { Upstreams } from './upstreams.ts';

/**
 * Sends a call to one server and brings its answer back untouched. Input that a modern server asks for is got from a
 * legacy client on the way; when a legacy server asks a modern client, the call waits in `parks`.
 */
export async function forward(
  clock: Clock,
  upstream: Upstream,
  call: Call,
  params: JsonObject | undefined,
  { parks, logins }: Waits = {},
): Promise<Answer> {
  const { downstream } = call;
  const worker = logins?.before(upstream) ?? upstream;
  const canBeAsked = downstream.era === 'modern' || call.ask !== undefined;
  const origin: Origin = {
    principalId: downstream.principal.id,
    sessionId: downstream.sessionId,
    era: downstream.era,
    clientInfo: downstream.clientInfo,
    clientCapabilities: canBeAsked ? downstream.clientCapabilities : undefined,
    logLevel: downstream.logLevel,
    headers: call.headers,
  };
  const send: Send = (method, whole, more) => {
    const request = requestOf(call, origin, method, whole);
    return worker.request(more ? { ...request, ...more } : request);
  };
  try {
    const sent = keepsTaskHint(call, upstream) ? params : withoutTaskHint(params);
    const road = { upstream, worker, call, params: sent, origin, send, parks };
    const answer = await firstAnswer(road);
    if (downstream.era === 'modern') return forTaskClient(answer, call, upstream.id);
    const rounds = { server: upstream.id, params: sent ?? {}, clock, call, origin, send };
    const final = await answerRounds(answer, rounds);
    return insistsOnTask(final, call.method) ? await runAsTask(rounds) : final;
  } catch (error) {
    return failureAnswer(call.method, toHubError(error));
  }
}

/** What it takes to send a call for the first time. */
interface Road {
  readonly upstream: Upstream;
  readonly worker: ReturnType<LoginVisits['before']>;
  readonly call: Call;
  readonly params: JsonObject | undefined;
  readonly origin: Origin;
  readonly send: Send;
  readonly parks: Parks | undefined;
}

function firstAnswer({ parks, upstream, worker, call, params, origin, send }: Road): Promise<Answer> {
  const asTask = needsCoreTask(call, upstream, params);
  const { method } = call;
  if (parks?.covers(upstream, call)) {
    return parks.start(asTask ? asCoreTask(worker, call) : worker, call, requestOf(call, origin, method, params));
  }
  const answer = asTask ? throughCoreTask(call, upstream.id, params ?? {}, send) : send(method, params);
  return answer.catch((error: unknown) => {
    // A modern client is sent to the login page in a round of its own, whatever its server is.
    if (!needsLogin(error) || !canBeSent(origin) || !parks?.mayAsk(call)) throw error;
    return parks.park(worker, call, requestOf(call, origin, method, params));
  });
}

/** All fields are there from the start: what others put into their copies then leaves the shape of a request as it is, which V8 has learnt. */
function requestOf(call: Call, origin: Origin, method: string, params: JsonObject | undefined): UpstreamRequest {
  return {
    method,
    params,
    origin,
    signal: call.signal,
    timeoutMs: call.timeoutMs,
    resetOnProgress: call.resetOnProgress,
    maxTotalMs: call.maxTotalMs,
    onNotification: (notification) => call.notify(notification),
    onRequest: call.ask,
    asks: undefined,
    hasOtherPlaces: undefined,
  };
}

/** Where calls wait for people. */
interface Waits {
  /** For the answers of modern clients; absent where the client must not be asked. */
  readonly parks?: Parks | undefined;
  /** For logins at their servers. */
  readonly logins?: LoginVisits | undefined;
}

/** What calls travel on. */
export interface Roads extends Waits {
  readonly upstreams: Upstreams;
  readonly clock: Clock;
}

/** How long a server that was only guessed may take to say whether it knows a resource, in milliseconds. */
const GUESS_TIMEOUT_MS = 10_000;

/** How long a better guess may still take once a lesser one has the answer, in milliseconds. */
const HEAD_START_MS = 1_000;

/**
 * Sends a call where it belongs. With several guesses, all are asked at once and the best that knows wins; only reads have
 * several, so nothing runs twice.
 */
export function forwardRouted(roads: Roads, call: Call, routing: Routing): Promise<Answer> {
  const [only] = routing.routes;
  return only && routing.routes.length === 1 ? forwardTo(roads, call, only.serverId, only.params) : forwardGuessed(roads, call, routing);
}

async function forwardGuessed(roads: Roads, call: Call, { routes, notFound }: Routing): Promise<Answer> {
  const { upstreams, clock } = roads;
  const losers = new AbortController();
  const asked: Call = {
    ...call,
    signal: anyOf(call.signal, losers.signal),
    timeoutMs: Math.min(call.timeoutMs ?? GUESS_TIMEOUT_MS, GUESS_TIMEOUT_MS),
    // Nobody but the winner may speak to the client, and who that is shows only with its answer.
    notify: () => {},
    ask: undefined,
  };
  const answers = routes
    .filter(({ serverId }) => offersResources(upstreams.get(serverId)))
    .map(({ serverId, params }) => forwardTo({ upstreams, clock, logins: roads.logins }, asked, serverId, params));
  try {
    return (await bestAnswer(answers, clock)) ?? hubFailure(notFound());
  } finally {
    losers.abort(new HubError('CANCELLED', 'Another server had the resource.'));
  }
}

/**
 * The first good answer in the order of the guesses, so that the same read goes to the same server every time; one that
 * hangs holds the others up for a moment only. When nobody knows, a failure on the way counts more than a "not found".
 */
async function bestAnswer(answers: readonly Promise<Answer>[], clock: Clock): Promise<Answer | undefined> {
  const good = new Map<number, Answer>();
  const looking = answers.map(async (pending, index) => {
    const answer = await pending;
    if (answer.outcome.error) throw answer.outcome.error;
    good.set(index, answer);
    return index;
  });
  try {
    const first = await Promise.any(looking);
    const early = new AbortController();
    const better = Promise.allSettled(looking.slice(0, first)).then(() => early.abort());
    await Promise.race([better, sleep(clock, HEAD_START_MS, early.signal)]);
    return good.get(Math.min(...good.keys()));
  } catch {
    // Expected: AggregateError, nobody knew it.
    return (await Promise.all(answers)).find((answer) => !isNotFound(answer));
  }
}

function forwardTo(roads: Roads, call: Call, serverId: string, params: JsonObject): Promise<Answer> {
  const upstream = roads.upstreams.get(serverId);
  if (upstream) return forward(roads.clock, upstream, call, params, roads);
  const gone = new HubError('SERVER_NOT_FOUND', `The server "${serverId}" is no longer configured.`);
  return Promise.resolve(failureAnswer(call.method, gone));
}

function offersResources(upstream: Upstream | undefined): boolean {
  return upstream?.state.kind === 'ready' && upstream.listing?.identity.capabilities['resources'] !== undefined;
}

function isNotFound({ outcome }: Answer): boolean {
  const code = outcome.error?.code;
  return code === rpcCode.legacyResourceNotFound || code === rpcCode.invalidParams || code === rpcCode.methodNotFound;
}

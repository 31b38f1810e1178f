import { HubError, toHubError } from '../base/index.ts';
import type { JsonObject } from '../protocol/index.ts';
import { rpcCode, rpcErrorOf } from '../protocol/index.ts';
import type { Upstream } from '../upstream/index.ts';
import { failureAnswer, hubError } from './answer.ts';
import type { Answer, Call } from './call.ts';
import type { Routing } from './route.ts';
import type { Upstreams } from './upstreams.ts';

/** Sends a call to one server and brings its answer back untouched. */
export async function forward(upstream: Upstream, call: Call, params: JsonObject | undefined): Promise<Answer> {
  const { downstream } = call;
  try {
    return await upstream.request({
      method: call.method,
      params,
      origin: {
        era: downstream.era,
        clientInfo: downstream.clientInfo,
        clientCapabilities: downstream.clientCapabilities,
        logLevel: downstream.logLevel,
      },
      signal: call.signal,
      timeoutMs: call.timeoutMs,
      onNotification: (notification) => call.notify(notification),
    });
  } catch (error) {
    return failureAnswer(call.method, toHubError(error));
  }
}

/** How long a server that was only guessed may take to say whether it knows a resource, in milliseconds. */
const GUESS_TIMEOUT_MS = 10_000;

/** Sends a call where it belongs. With several guesses, all are asked at once and the first that knows wins. */
export async function forwardRouted(upstreams: Upstreams, call: Call, { routes, notFound }: Routing): Promise<Answer> {
  const [only] = routes;
  if (only && routes.length === 1) return forwardTo(upstreams, call, only.serverId, only.params);
  return (await firstThatKnows(upstreams, call, routes)) ?? hubError(rpcErrorOf(notFound()));
}

/**
 * Only reads get here: asking several servers runs nothing twice. One that hangs costs the others nothing. When nobody
 * knows the resource, a failure on the way counts more than a "not found".
 */
async function firstThatKnows(upstreams: Upstreams, call: Call, routes: Routing['routes']): Promise<Answer | undefined> {
  const losers = new AbortController();
  const asked: Call = {
    ...call,
    signal: AbortSignal.any([call.signal, losers.signal]),
    timeoutMs: Math.min(call.timeoutMs ?? GUESS_TIMEOUT_MS, GUESS_TIMEOUT_MS),
    // Nobody but the winner may speak to the client, and who that is shows only with its answer.
    notify: () => {},
  };
  const answers = routes
    .filter(({ serverId }) => offersResources(upstreams.get(serverId)))
    .map(({ serverId, params }) => forwardTo(upstreams, asked, serverId, params));
  const known = answers.map(async (answer) => {
    const { outcome } = await answer;
    if (outcome.error) throw outcome.error;
    return answer;
  });
  try {
    return await Promise.any(known);
  } catch {
    // Expected: AggregateError, nobody knew it.
    return (await Promise.all(answers)).find((answer) => !isNotFound(answer));
  } finally {
    losers.abort(new HubError('CANCELLED', 'Another server had the resource.'));
  }
}

async function forwardTo(upstreams: Upstreams, call: Call, serverId: string, params: JsonObject): Promise<Answer> {
  const upstream = upstreams.get(serverId);
  if (upstream) return forward(upstream, call, params);
  return failureAnswer(call.method, new HubError('SERVER_NOT_FOUND', `The server "${serverId}" is no longer configured.`));
}

function offersResources(upstream: Upstream | undefined): boolean {
  return upstream?.state.kind === 'ready' && upstream.listing?.identity.capabilities['resources'] !== undefined;
}

function isNotFound({ outcome }: Answer): boolean {
  const code = outcome.error?.code;
  return code === rpcCode.legacyResourceNotFound || code === rpcCode.invalidParams || code === rpcCode.methodNotFound;
}

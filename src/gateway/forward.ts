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

/**
 * Tries the routes in order until one server knows what is asked for. Only reads get here with more than one route,
 * and only a "not found" moves on: nothing that may have run is sent twice.
 */
export async function forwardRouted(upstreams: Upstreams, call: Call, { routes, notFound }: Routing): Promise<Answer> {
  const [only] = routes;
  if (only && routes.length === 1) return forwardTo(upstreams, call, only.serverId, only.params);
  for (const { serverId, params } of routes) {
    if (!offersResources(upstreams.get(serverId))) continue;
    const answer = await forwardTo(upstreams, call, serverId, params);
    if (!isNotFound(answer)) return answer;
  }
  return hubError(rpcErrorOf(notFound()));
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

import type { ServerDefinition, ToolTimeouts } from '../config/index.ts';
import type { UpstreamRequest } from './types.ts';

/**
 * The request with the time limits that its server's entry has for it, where it brings none of its own: those of its tool,
 * else `totalTimeout` (`requestTimeout` is applied where it is sent). The same object when there is nothing to add.
 */
export function withTimeLimits(request: UpstreamRequest, definition: ServerDefinition): UpstreamRequest {
  const { toolTimeouts, totalTimeoutMs } = definition;
  if (toolTimeouts === undefined && totalTimeoutMs === undefined) return request;
  const ofTool = toolTimeouts && limitsOfTool(request, toolTimeouts);
  return {
    ...request,
    timeoutMs: request.timeoutMs ?? ofTool?.requestTimeoutMs,
    maxTotalMs: request.maxTotalMs ?? ofTool?.totalTimeoutMs ?? totalTimeoutMs,
  };
}

function limitsOfTool({ method, params }: UpstreamRequest, all: Readonly<Record<string, ToolTimeouts>>): ToolTimeouts | undefined {
  const name = method === 'tools/call' ? params?.['name'] : undefined;
  return typeof name === 'string' && Object.hasOwn(all, name) ? all[name] : undefined;
}

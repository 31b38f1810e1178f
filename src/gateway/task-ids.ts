import { HubError } from '../base/index.ts';
import type { JsonObject } from '../protocol/index.ts';

/**
 * How the ids of tasks read where several servers share an endpoint: `<server>:<id>`, with `%` and `:` of the server's own
 * id escaped. The id says by itself whose task it is, so it outlives the hub; nothing has to be remembered, and no two
 * servers' ids can be taken for each other's, whatever they look like.
 */
export function exposedTaskId(serverId: string, taskId: string): string {
  return `${escaped(serverId)}:${taskId}`;
}

/** The server and its own id of an exposed task id; `undefined` when it names none of these servers. */
export function taskOf(exposed: string, serverIds: readonly string[]): { readonly serverId: string; readonly taskId: string } | undefined {
  const end = exposed.indexOf(':');
  if (end === -1) return undefined;
  const server = exposed.slice(0, end);
  const serverId = serverIds.find((id) => escaped(id) === server);
  return serverId === undefined ? undefined : { serverId, taskId: exposed.slice(end + 1) };
}

/**
 * Where a `tasks/*` call goes on an endpoint of several servers.
 *
 * @throws HubError VALIDATION_ERROR when the id is none of the hub's
 */
export function routeTask(
  serverIds: readonly string[],
  method: string,
  params: JsonObject,
): { readonly serverId: string; readonly params: JsonObject } {
  const { taskId: exposed } = params;
  if (typeof exposed !== 'string') {
    throw new HubError('VALIDATION_ERROR', `${method} needs a string in params.taskId.`, { details: { field: 'params.taskId' } });
  }
  const task = taskOf(exposed, serverIds);
  if (!task) throw unknownTask(exposed);
  return { serverId: task.serverId, params: { ...params, taskId: task.taskId } };
}

export function unknownTask(taskId: string): HubError {
  return new HubError('VALIDATION_ERROR', `Unknown task: ${taskId}.`, { details: { taskId } });
}

/** A result that names its task at its top (`CreateTaskResult`, `GetTaskResult`), with the exposed id. */
export function withExposedTaskId(result: JsonObject, serverId: string): JsonObject {
  const { taskId } = result;
  return typeof taskId === 'string' ? { ...result, taskId: exposedTaskId(serverId, taskId) } : result;
}

const escaped = (serverId: string): string => serverId.replaceAll('%', '%25').replaceAll(':', '%3A');

import { HubError } from '../base/index.ts';
import {
  extensionId,
  extensionIn,
  fieldOf,
  isObject,
  isTaskMethod,
  type JsonObject,
  type JsonValue,
  tasksNotDeclared,
} from '../protocol/index.ts';
import type { Upstream } from '../upstream/index.ts';
import { hubError, hubFailure } from './answer.ts';
import type { Answer, Call } from './call.ts';
import { unknownTask, withExposedTaskId } from './task-ids.ts';

/** Whether a call is one of the tasks extension; legacy clients have tasks of another kind. */
export function isTaskCall({ method, downstream }: Call): boolean {
  return downstream.era === 'modern' && isTaskMethod(method);
}

/** Why a `tasks/*` call is not sent to any server (SEP-2663 "Capability Negotiation"). */
export function taskRefusal({ downstream }: Call): Answer | undefined {
  return extensionIn(downstream.clientCapabilities, extensionId.tasks) ? undefined : hubError(tasksNotDeclared());
}

/** Whether a server may have a task: one of the handshake era has none of this kind, whatever it declares. */
export function hasTasks({ listing }: Upstream): boolean {
  return listing?.identity.era !== 'legacy';
}

export function noSuchTask({ params }: Call): Answer {
  return hubFailure(unknownTask(String(params?.['taskId'])));
}

/**
 * Whether `params.task` of a call, by which revision 2025-11-25 asks for a task, may reach the server: where both sides are
 * of that kind and the endpoint shows the server's own capabilities. Anywhere else nobody offered it.
 */
export function keepsTaskHint({ method, scope, downstream }: Call, { listing }: Upstream): boolean {
  if (method !== 'tools/call') return true;
  return downstream.era === 'legacy' && scope.kind === 'server' && listing?.identity.era === 'legacy';
}

export function withoutTaskHint(params: JsonObject | undefined): JsonObject | undefined {
  if (params?.['task'] === undefined) return params;
  const { task: _task, ...rest } = params;
  return rest;
}

/** An answer that a modern client can make use of: its task with an exposed id, or an error in place of what it did not agree to. */
export function forTaskClient(answer: Answer, call: Call, serverId: string): Answer {
  const { outcome } = answer;
  const type = fieldOf(outcome, 'resultType');
  if (outcome.error || type === undefined || type === 'input_required') return answer;
  if (type !== 'complete') {
    const problem = typeProblem(type, outcome.result, call.downstream.clientCapabilities);
    if (problem) return hubFailure(protocolError(serverId, call.method, problem));
  } else if (!isTaskMethod(call.method)) return answer;
  if (call.scope.kind === 'server') return answer;
  return { ...answer, outcome: { result: withExposedTaskId(outcome.result, serverId) } };
}

/** What is wrong with a result of a type that only an extension can have (spec 2026-07-28 basic/index, "resultType"). */
function typeProblem(type: JsonValue, result: JsonObject, capabilities: JsonObject | undefined): string | undefined {
  if (type === 'task') {
    if (!extensionIn(capabilities, extensionId.tasks)) return `with a task, although the client did not declare ${extensionId.tasks}`;
    return typeof result['taskId'] === 'string' ? undefined : 'with a task that has no id';
  }
  return declaresOthers(capabilities) ? undefined : `with a result of the unknown type ${JSON.stringify(type)}`;
}

/** Whether a client declared extensions that the hub does not know: then the type may be one of theirs. */
function declaresOthers(capabilities: JsonObject | undefined): boolean {
  const extensions = capabilities?.['extensions'];
  return isObject(extensions) && Object.keys(extensions).some((id) => id !== extensionId.tasks && id !== extensionId.ui);
}

function protocolError(server: string, method: string, problem: string): HubError {
  return new HubError('UPSTREAM_PROTOCOL', `Server "${server}" answered "${method}" ${problem}.`, { details: { server, method } });
}

import type { JsonObject, RpcError } from './envelope.ts';
import { isObject, rpcCode } from './envelope.ts';

/** Extensions that the hub knows more of than their name (spec 2026-07-28 basic/index, "Extensions"). */
export const extensionId = {
  /** SEP-2663. */
  tasks: 'io.modelcontextprotocol/tasks',
  /** MCP Apps, SEP-1865. */
  ui: 'io.modelcontextprotocol/ui',
} as const;

/** The settings of an extension in a capabilities object of either side; `undefined` when it is not declared there. */
export function extensionIn(capabilities: JsonObject | undefined, id: string): JsonObject | undefined {
  const extensions = capabilities?.['extensions'];
  const settings = isObject(extensions) ? extensions[id] : undefined;
  return isObject(settings) ? settings : undefined;
}

/** `capabilities` without one extension; the same object when it is not there. */
export function withoutExtension(capabilities: JsonObject, id: string): JsonObject {
  const { extensions, ...rest } = capabilities;
  if (!isObject(extensions) || !(id in extensions)) return capabilities;
  const { [id]: _left, ...others } = extensions;
  return Object.keys(others).length === 0 ? rest : { ...rest, extensions: others };
}

/** `capabilities` with one extension declared. */
export function withExtension(capabilities: JsonObject, id: string, settings: JsonObject = {}): JsonObject {
  const { extensions } = capabilities;
  return { ...capabilities, extensions: { ...(isObject(extensions) && extensions), [id]: settings } };
}

/** The methods of the tasks extension; each names its task in `params.taskId`. */
export function isTaskMethod(method: string): boolean {
  return method === 'tasks/get' || method === 'tasks/update' || method === 'tasks/cancel';
}

/** Tells of a task's new state, on a `subscriptions/listen` that names the task. */
export const TASK_CHANGED = 'notifications/tasks';

/** -32021: the tasks extension was not declared with the request (SEP-2663 "Capability Negotiation"). */
export function tasksNotDeclared(): RpcError {
  return {
    code: rpcCode.missingClientCapability,
    message: `This needs a client that declares the extension ${extensionId.tasks} with the request.`,
    data: { requiredCapabilities: withExtension({}, extensionId.tasks) },
  };
}

/** Whether an error says that the tasks extension would have had to be declared. */
export function asksForTasks({ code, data }: RpcError): boolean {
  if (code !== rpcCode.missingClientCapability || !isObject(data)) return false;
  const { requiredCapabilities } = data;
  return isObject(requiredCapabilities) && extensionIn(requiredCapabilities, extensionId.tasks) !== undefined;
}

import { randomUUID } from 'node:crypto';
import { anyOf, HubError } from '../base/index.ts';
import { fieldOf, isObject, type JsonObject, patchMeta, RELATED_TASK_KEY } from '../protocol/index.ts';
import type { AskClient, Upstream, UpstreamAnswer, UpstreamRequest } from '../upstream/index.ts';
import type { Call } from './call.ts';
import type { Worker } from './parked-call.ts';
import { keepsTaskHint } from './task-calls.ts';
import { cancelTask, MAX_TASK_MS, type Send } from './task-work.ts';

/**
 * Whether a call needs a task of 2025-11-25 that its client was never offered: the tool runs as nothing else (spec
 * 2025-11-25 basic/utilities/tasks, "Tool-Level Negotiation").
 */
export function needsCoreTask(call: Call, upstream: Upstream, params: JsonObject | undefined): boolean {
  const { listing } = upstream;
  if (call.method !== 'tools/call' || !listing?.identity.capabilities['tasks'] || keepsTaskHint(call, upstream)) return false;
  const tool = listing.items.tools.find(({ name }) => name === params?.['name']);
  const execution = tool?.['execution'];
  return listing.identity.era === 'legacy' && isObject(execution) && execution['taskSupport'] === 'required';
}

/**
 * Makes a call as a task of 2025-11-25 and waits for its result in the client's place. What the server asks meanwhile
 * reaches the client as in any other call.
 *
 * @throws HubError UPSTREAM_PROTOCOL, or what `send` rejects with; the task is cancelled then
 */
export async function throughCoreTask(call: Call, server: string, params: JsonObject, send: Send): Promise<UpstreamAnswer> {
  const answer = await send(call.method, { ...params, task: { ttl: MAX_TASK_MS } });
  const task = fieldOf(answer.outcome, 'task');
  if (answer.outcome.error || task === undefined) return answer;
  const taskId = isObject(task) ? task['taskId'] : undefined;
  if (typeof taskId !== 'string') {
    throw new HubError('UPSTREAM_PROTOCOL', `Server "${server}" answered with a task that has no id.`, { details: { server } });
  }
  try {
    const { era, outcome } = await send('tasks/result', { taskId }, { timeoutMs: MAX_TASK_MS });
    return outcome.error ? { era, outcome } : { era, outcome: { result: patchMeta(outcome.result, { [RELATED_TASK_KEY]: undefined }) } };
  } catch (error) {
    await cancelTask(send, taskId);
    throw error;
  }
}

type TaskWorker = Worker & Pick<Upstream, 'endSession'>;

/** A server that makes a call of a modern client as {@link throughCoreTask} does, and can ask the client all along. */
export function asCoreTask(upstream: TaskWorker, call: Call): Worker {
  const { id, listing } = upstream;
  return { id, listing, settled: (signal) => upstream.settled(signal), request: (request) => forOneClient(upstream, call, request) };
}

/**
 * Modern calls are clients of their own, but the requests that a task is made of are not: they are one session's to the
 * server, or the result could be asked for where nobody knows the task.
 */
async function forOneClient(upstream: TaskWorker, call: Call, request: UpstreamRequest): Promise<UpstreamAnswer> {
  const sessionId = `task-${randomUUID()}`;
  const taken = new AbortController();
  const { onRequest: ask } = request;
  // The request that the server asked in may be over when the call is taken back.
  const onRequest: AskClient | undefined =
    ask && ((question, signal, options) => ask(question, signal, { ...options, takeBack: (reason) => taken.abort(reason) }));
  const signal = anyOf(request.signal, taken.signal);
  const whole: UpstreamRequest = { ...request, onRequest, signal, origin: { ...request.origin, sessionId } };
  try {
    return await throughCoreTask(call, upstream.id, request.params ?? {}, (method, params, more) =>
      upstream.request({ ...whole, method, params, ...more }),
    );
  } finally {
    upstream.endSession(sessionId);
  }
}

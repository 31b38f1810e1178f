import { HUB_OWNER } from '../base/index.ts';
import { isObject, type JsonObject, rpcCode } from '../protocol/index.ts';
import { isAboutTasks } from './sharing/task-places.ts';
import type { PoolEvents } from './pool-events.ts';
import type { UpstreamAnswer, UpstreamRequest } from './types.ts';

/** Most tasks that are remembered per server; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

type Send = (request: UpstreamRequest) => Promise<UpstreamAnswer>;

/**
 * Whose the tasks of a server are (spec 2025-11-25 basic/utilities/tasks): principals share its connection, and so to the server all
 * of them are one client's. A task that was made for one principal does not exist for another; of one that nobody knows, as after a restart
 * of the hub, only the owner of the hub sees that it is there, and whoever has its id may use it.
 */
export class TaskOwners {
  readonly #owners = new Map<string, string>();

  /** Whether a request makes tasks or is about them; any other is no concern of this. */
  static concerns(request: UpstreamRequest): boolean {
    return request.params?.['task'] !== undefined || isAboutTasks(request);
  }

  /** Sends such a request, as far as its principal may. @throws HubError as `send` */
  async send(request: UpstreamRequest, send: Send): Promise<UpstreamAnswer> {
    const { params, origin } = request;
    if (!isAboutTasks(request)) return this.#making(await send(request), origin.principalId);
    const taskId = params?.['taskId'];
    if (typeof taskId === 'string' && (this.#owners.get(taskId) ?? origin.principalId) !== origin.principalId) return unknownTask(taskId);
    const answer = await send(request);
    return request.method === 'tasks/list' ? this.#listOf(origin.principalId, answer) : answer;
  }

  /** A notification that belongs to no call, with the principal that it is for where it tells of a task. */
  addressed(event: PoolEvents['logMessage']): PoolEvents['logMessage'] {
    const { method, params } = event.notification;
    if (method !== 'notifications/tasks/status') return event;
    return { ...event, principalId: this.#ownerOf(params?.['taskId']) };
  }

  #making(answer: UpstreamAnswer, principalId: string): UpstreamAnswer {
    const task = answer.outcome.result?.['task'];
    if (!isObject(task) || typeof task['taskId'] !== 'string') return answer;
    this.#owners.set(task['taskId'], principalId);
    const [oldest] = this.#owners.keys();
    if (this.#owners.size > MAX_REMEMBERED && oldest !== undefined) this.#owners.delete(oldest);
    return answer;
  }

  #listOf(principalId: string, { era, outcome }: UpstreamAnswer): UpstreamAnswer {
    const tasks = outcome.result?.['tasks'];
    if (!Array.isArray(tasks)) return { era, outcome };
    const own = tasks.filter((task) => isObject(task) && this.#ownerOf(task['taskId']) === principalId);
    return { era, outcome: { result: { ...outcome.result, tasks: own } } };
  }

  #ownerOf(taskId: unknown): string {
    return (typeof taskId === 'string' ? this.#owners.get(taskId) : undefined) ?? HUB_OWNER;
  }
}

function unknownTask(taskId: string): UpstreamAnswer {
  const data: JsonObject = { taskId };
  return { era: 'legacy', outcome: { error: { code: rpcCode.invalidParams, message: `Unknown task: ${taskId}.`, data } } };
}

import { fieldOf, isObject } from '../../protocol/index.ts';
import type { Called } from './asking-tools.ts';
import { isOfSession } from './placement.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../types.ts';

/** Most tasks that are remembered per connection; the oldest are forgotten first. */
const MAX_REMEMBERED = 1_000;

/** Whether a call is about tasks of 2025-11-25 (basic/utilities/tasks). They live where they were made, and nowhere else. */
export function isAboutTasks({ method }: Called): boolean {
  return method.startsWith('tasks/');
}

/** The tasks that clients have made on the connection that all of them share. */
export class TaskPlaces {
  readonly #onMain = new Set<string>();

  /** A call was answered on the main connection. */
  answered(client: string | undefined, { params }: UpstreamRequest, { outcome }: UpstreamAnswer): void {
    if (client === undefined || params?.['task'] === undefined) return;
    const task = fieldOf(outcome, 'task');
    if (!isObject(task) || typeof task['taskId'] !== 'string') return;
    this.#onMain.add(keyOf(client, task['taskId']));
    if (this.#onMain.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#onMain;
    if (oldest !== undefined) this.#onMain.delete(oldest);
  }

  /** Whether the task that a call names was made there by the same client. */
  isOnMain(client: string, { params }: UpstreamRequest): boolean {
    const taskId = params?.['taskId'];
    return typeof taskId === 'string' && this.#onMain.has(keyOf(client, taskId));
  }

  endSession(sessionId: string): void {
    for (const key of this.#onMain) if (isOfSession(key, sessionId)) this.#onMain.delete(key);
  }
}

const keyOf = (client: string, taskId: string): string => `${client} ${taskId}`;

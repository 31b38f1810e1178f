import { createHash } from 'node:crypto';
import { fieldOf, isObject, type JsonObject } from '../../protocol/index.ts';
import { clientOf, isOfSession } from '../sharing/placement.ts';
import { isAboutTasks } from '../sharing/task-places.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../types.ts';
import type { Replica } from './replica.ts';

/** Most tasks and open questions of a server that are remembered, of each; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

/** What has to go on where it began: sessions, tasks, and calls whose server has asked something and is told the answer. */
export class Bindings {
  readonly #sessions = new Map<string, Replica>();
  readonly #tasks = new Map<string, Replica>();
  readonly #states = new Map<string, Replica>();

  /**
   * Where a request has to go.
   *
   * @param areSessionsBound whether all calls of a session belong together
   * @param replicas all there are: a session may have a connection of its own at one
   */
  of({ origin, method, params }: UpstreamRequest, areSessionsBound: boolean, replicas: readonly Replica[]): Replica | undefined {
    const taskId = params?.['taskId'];
    if (typeof taskId === 'string' && isAboutTasks({ method })) return this.#tasks.get(taskId);
    const state = params?.['requestState'];
    if (typeof state === 'string') return this.#states.get(digest(state));
    const client = clientOf(origin);
    if (client === undefined) return undefined;
    if (areSessionsBound) return this.#sessions.get(client);
    return replicas.find(({ supervisor }) => supervisor.hasConnectionOf(client));
  }

  /** A request was sent there: its session goes there from now on, where sessions are bound. */
  sent(replica: Replica, { origin }: UpstreamRequest, areSessionsBound: boolean): void {
    const client = areSessionsBound ? clientOf(origin) : undefined;
    if (client !== undefined) this.#sessions.set(client, replica);
  }

  answered(replica: Replica, { outcome }: UpstreamAnswer): void {
    if (outcome.error) return;
    const task = fieldOf(outcome, 'task');
    const requestState = fieldOf(outcome, 'requestState');
    const id = isObject(task) ? task['taskId'] : fieldOf(outcome, 'taskId');
    if (typeof id === 'string') remember(this.#tasks, id, replica);
    if (typeof requestState === 'string') remember(this.#states, digest(requestState), replica);
  }

  /** That replica says that it has these tasks. */
  listed(replica: Replica, tasks: readonly JsonObject[]): void {
    for (const { taskId } of tasks) if (typeof taskId === 'string') remember(this.#tasks, taskId, replica);
  }

  /** Which of these tasks are to be watched there: those that were made there, and those of which nobody knows. */
  tasksOf(replica: Replica, taskIds: ReadonlySet<string>): ReadonlySet<string> {
    return new Set([...taskIds].filter((id) => (this.#tasks.get(id) ?? replica) === replica));
  }

  /** Where all calls of that session go, if they are bound. */
  ofSession(sessionId: string): Replica | undefined {
    for (const [client, replica] of this.#sessions) if (isOfSession(client, sessionId)) return replica;
    return undefined;
  }

  endSession(sessionId: string): void {
    for (const client of this.#sessions.keys()) if (isOfSession(client, sessionId)) this.#sessions.delete(client);
  }

  /** That replica is gone, with all it knew. */
  left(replica: Replica): void {
    for (const places of [this.#sessions, this.#tasks, this.#states]) {
      for (const [key, place] of places) if (place === replica) places.delete(key);
    }
  }
}

/** What servers make of a state may be long. */
function digest(state: string): string {
  return createHash('sha256').update(state).digest('base64');
}

function remember(places: Map<string, Replica>, key: string, replica: Replica): void {
  places.delete(key);
  places.set(key, replica);
  const [oldest] = places.keys();
  if (places.size > MAX_REMEMBERED && oldest !== undefined) places.delete(oldest);
}

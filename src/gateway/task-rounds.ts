import { type Clock, HubError, numberIn, sleep, toHubError } from '../base/index.ts';
import {
  asksForTasks,
  isObject,
  type JsonObject,
  messageKind,
  notification,
  type NotificationMessage,
  progressTokenOf,
  type RpcError,
} from '../protocol/index.ts';
import type { Origin, UpstreamAnswer, UpstreamRequest } from '../upstream/index.ts';
import type { Answer, Call } from './call.ts';
import { askAll, asksForInput, driveRounds, questionsOf } from './input-rounds.ts';
import { cancelTask, MAX_TASK_MS, type Send } from './task-work.ts';

/** How often a task is looked at when its server does not say, and the limits of what it may say; in milliseconds. */
const POLL_MS = 1_000;
const MIN_POLL_MS = 100;
const MAX_POLL_MS = 60_000;
/** Failures to look at the task in a row that are put up with: it lives longer than a connection. */
const MAX_MISSES = 3;

export interface TaskRounds {
  /** The server's name, for messages. */
  readonly server: string;
  /** The params of the call as the server got them first. */
  readonly params: JsonObject;
  readonly clock: Clock;
  readonly call: Call;
  readonly origin: Origin;
  readonly send: Send;
}

/** Answers what a modern server asks of a legacy client in the rounds of one call; any other answer is left as it is. */
export async function answerRounds(first: Answer, rounds: TaskRounds, more?: Partial<UpstreamRequest>): Promise<Answer> {
  const { server, params, clock, call, send } = rounds;
  if (!call.ask || !asksForInput(first)) return first;
  return driveRounds(first, { server, params, clock, ask: call.ask, signal: call.signal, send: (whole) => send(call.method, whole, more) });
}

/** Whether a server serves this call as a task or not at all (SEP-2663 "Capability Negotiation"). */
export function insistsOnTask({ era, outcome }: Answer, method: string): boolean {
  return era === 'modern' && method === 'tools/call' && outcome.error !== undefined && asksForTasks(outcome.error);
}

/**
 * Makes a call of a legacy client again as one that may become a task, sees the task through in the client's place, and
 * answers with what comes of it.
 *
 * @throws HubError UPSTREAM_PROTOCOL, TIMEOUT, CANCELLED, INPUT_NOT_GIVEN, or what `send` rejects with
 */
export async function runAsTask(rounds: TaskRounds): Promise<Answer> {
  const { call, origin, params, send } = rounds;
  const told = new ToldProgress(call);
  const more = { origin: { ...origin, runsTasks: true }, onNotification: (event: NotificationMessage) => told.pass(event) };
  const answer = await answerRounds(await send(call.method, params, more), rounds, more);
  const task = answer.outcome.result;
  if (task?.['resultType'] !== 'task') return answer;
  const { taskId } = task;
  if (typeof taskId !== 'string') throw protocolError(rounds, 'answered with a task that has no id.');
  try {
    return await new TaskRun(rounds, taskId, told).toTheEnd(task);
  } catch (error) {
    await cancelTask(send, taskId, more);
    throw error;
  }
}

/** One task, from its creation until it is over. */
class TaskRun {
  readonly #rounds: TaskRounds;
  readonly #taskId: string;
  readonly #told: ToldProgress;
  /** Keys of questions that were answered; a server may show them for a while yet (SEP-2663 "Task Update Requests"). */
  readonly #answered = new Set<string>();
  readonly #startedMs: number;
  #misses = 0;

  constructor(rounds: TaskRounds, taskId: string, told: ToldProgress) {
    this.#rounds = rounds;
    this.#taskId = taskId;
    this.#told = told;
    this.#startedMs = rounds.clock.now();
  }

  async toTheEnd(created: JsonObject): Promise<UpstreamAnswer> {
    const { call, clock } = this.#rounds;
    for (let task = created; ; ) {
      this.#told.status(task['statusMessage']);
      await this.#answerQuestions(task);
      await sleep(clock, pollMs(task), call.signal);
      if (call.signal.aborted) throw new HubError('CANCELLED', `The task of server "${this.#rounds.server}" was taken back.`);
      this.#checkTime(task);
      const answer = await this.#look();
      if (!answer) continue;
      if (answer.outcome.error) return answer;
      task = answer.outcome.result;
      const final = this.#final(task);
      if (final) return final;
    }
  }

  /** The task as it is now; `undefined` when that could not be learned this time. */
  async #look(): Promise<UpstreamAnswer | undefined> {
    try {
      const answer = await this.#send('tasks/get', { taskId: this.#taskId });
      this.#misses = 0;
      return answer;
    } catch (error) {
      this.#misses += 1;
      const { kind } = toHubError(error);
      if (!kind.retryable || this.#misses > MAX_MISSES || this.#rounds.call.signal.aborted) throw error;
      return undefined;
    }
  }

  async #answerQuestions({ status, inputRequests }: JsonObject): Promise<void> {
    if (status !== 'input_required') return;
    const { server, call } = this.#rounds;
    const questions = questionsOf(inputRequests, server).filter(([key]) => !this.#answered.has(key));
    if (questions.length === 0) return;
    if (!call.ask)
      throw new HubError('INPUT_NOT_GIVEN', `Server "${server}" asks for input, which the client of this call cannot be asked for.`);
    const inputResponses = await askAll(questions, { ask: call.ask, signal: call.signal, server });
    for (const [key] of questions) this.#answered.add(key);
    const { outcome } = await this.#send('tasks/update', { taskId: this.#taskId, inputResponses });
    if (outcome.error) throw protocolError(this.#rounds, `did not take the input that its task asked for: ${outcome.error.message}`);
  }

  #final({ status, result, error, statusMessage }: JsonObject): UpstreamAnswer | undefined {
    switch (status) {
      case 'working':
      case 'input_required':
        return undefined;
      case 'completed':
        if (isObject(result)) return { era: 'modern', outcome: { result } };
        throw protocolError(this.#rounds, 'completed a task without a result.');
      case 'failed':
        if (isRpcError(error)) return { era: 'modern', outcome: { error } };
        throw protocolError(this.#rounds, 'failed a task without an error.');
      case 'cancelled': {
        const why = typeof statusMessage === 'string' ? `: ${statusMessage}` : '.';
        throw new HubError('CANCELLED', `Server "${this.#rounds.server}" cancelled the task of this call${why}`);
      }
      default:
        throw protocolError(this.#rounds, 'has a task in a state that is not MCP.');
    }
  }

  #checkTime({ ttlMs }: JsonObject): void {
    const limitMs = Math.min(numberIn(ttlMs) ?? MAX_TASK_MS, MAX_TASK_MS);
    if (this.#rounds.clock.now() - this.#startedMs <= limitMs) return;
    throw new HubError('TIMEOUT', `The task of server "${this.#rounds.server}" was not done within ${limitMs} ms.`, {
      details: { server: this.#rounds.server, timeoutMs: limitMs },
    });
  }

  #send(method: string, params: JsonObject): Promise<UpstreamAnswer> {
    const { send, origin } = this.#rounds;
    return send(method, params, { origin: { ...origin, runsTasks: true }, timeoutMs: undefined });
  }
}

/** Tells a client of a task's state as progress of its call, if it wants progress; what it is told never goes back. */
class ToldProgress {
  readonly #call: Call;
  #progress = 0;
  #message: unknown;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Hands on a notification of the server's own, and remembers how far its progress went. */
  pass(event: NotificationMessage): void {
    const progress = event.method === 'notifications/progress' ? numberIn(event.params?.['progress']) : undefined;
    if (progress !== undefined) this.#progress = Math.max(this.#progress, progress);
    this.#call.notify(event);
  }

  status(message: unknown): void {
    const progressToken = progressTokenOf(this.#call.params);
    if (progressToken === undefined || typeof message !== 'string' || message === this.#message) return;
    this.#message = message;
    this.#progress += 1;
    this.#call.notify(notification('notifications/progress', { progressToken, progress: this.#progress, message }));
  }
}

function pollMs({ pollIntervalMs }: JsonObject): number {
  return Math.min(Math.max(numberIn(pollIntervalMs) ?? POLL_MS, MIN_POLL_MS), MAX_POLL_MS);
}

function isRpcError(value: unknown): value is RpcError & JsonObject {
  return messageKind({ jsonrpc: '2.0', error: value }) === 'response';
}

function protocolError({ server }: TaskRounds, problem: string): HubError {
  return new HubError('UPSTREAM_PROTOCOL', `Server "${server}" ${problem}`, { details: { server } });
}

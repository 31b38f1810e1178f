import { setTimeout as delay } from 'node:timers/promises';
import { HubError, jsonText } from '../../base/index.ts';
import type { CommandIo } from '../command.ts';
import { isObject, type JsonObject, memberOf, textOf } from '../json.ts';
import { printable, printableLine } from '../style.ts';
import { askPerson } from './ask-person.ts';
import type { McpClient, McpRequest } from './client.ts';
import { ProgressLine } from './progress-line.ts';
import { inWords, type Question, questionOf } from './questions.ts';

/** More questions in a row than anybody answers. */
const MAX_ROUNDS = 50;
/** Between two tries when a server only asks to be called again, in milliseconds. */
const AGAIN_AFTER_MS = 1_000;
/** How long it may take to tell a server that nobody answers, in milliseconds. */
const GIVE_UP_WITHIN_MS = 2_000;

export interface Conversation extends Pick<McpRequest, 'server' | 'method' | 'inputSchema' | 'timeoutMs'> {
  readonly params: JsonObject;
  /** What the person called, in the person's words. */
  readonly who: string;
  /** Log messages of the server are shown too. */
  readonly isVerbose: boolean;
}

/**
 * Makes one request and stays with it to its end: shows its progress on a terminal, and lets the person answer what the server
 * asks on the way (MCP 2026-07-28, basic/patterns/mrtr).
 *
 * @throws HubError those of {@link McpClient.request}; INPUT_NOT_GIVEN when there is nobody to ask, CANCELLED when the person stops
 */
export async function converse(client: McpClient, conversation: Conversation, io: CommandIo): Promise<JsonObject> {
  const { who, isVerbose, params, ...request } = conversation;
  const { stderr } = io.process;
  const line = new ProgressLine(stderr);
  const onNotification = (method: string, note: unknown): void => {
    if (method === 'notifications/progress') line.show(note);
    if (method !== 'notifications/message' || !isVerbose) return;
    line.clear();
    io.tell(logText(note));
  };
  // Progress is asked for even where nobody sees it: it keeps a long call from running out of time.
  const listening = { onNotification, ...(isVerbose && { logLevel: 'debug' }) };
  let more: JsonObject = {};
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const ask = (extra: JsonObject, limits: Partial<McpRequest> = {}): Promise<JsonObject> =>
      client.request({ ...request, ...listening, ...limits, params: { ...params, ...extra } });
    const result = await ask(more).finally(() => line.clear());
    if (textOf(result, 'resultType') !== 'input_required') return result;
    more = await nextRound(result, { who, io, ask });
  }
  throw new HubError('LIMIT_EXCEEDED', `${who} has asked for input ${MAX_ROUNDS} times without an end.`);
}

interface Round {
  readonly who: string;
  readonly io: CommandIo;
  ask(extra: JsonObject, limits?: Partial<McpRequest>): Promise<JsonObject>;
}

/** What the request is made again with. */
async function nextRound(result: JsonObject, round: Round): Promise<JsonObject> {
  const { io, who } = round;
  const { requestState } = result;
  const requests = memberOf(result, 'inputRequests');
  const questions = Object.entries(isObject(requests) ? requests : {}).map(([key, request]) => ({ key, question: questionOf(request) }));
  const state = requestState === undefined ? {} : { requestState };
  if (questions.length === 0) {
    await delay(AGAIN_AFTER_MS, undefined, { signal: io.signal });
    return state;
  }
  const giveUp = (): Promise<void> => cancelAll(questions, state, round);
  const unanswerable = questions.filter(({ question }) => !canAnswer(question, io));
  if (unanswerable.length > 0) {
    await giveUp();
    throw nobodyToAsk(
      who,
      unanswerable.map(({ question }) => question),
      requests,
    );
  }
  const answers: [string, object][] = [];
  for (const { key, question } of questions) {
    const answer = await answerTo(question, round);
    if ('action' in answer && answer.action === 'cancel') {
      await giveUp();
      throw new HubError('CANCELLED', `${who} was not answered, and is cancelled.`);
    }
    answers.push([key, answer]);
  }
  return { inputResponses: Object.fromEntries(answers), ...state };
}

/** A person is asked on a terminal, and not by a program. */
function canAnswer({ kind }: Question, { isJson, process: { stdin, stderr } }: CommandIo): boolean {
  return kind === 'roots' || (kind !== 'unknown' && !isJson && stdin.isTTY && stderr.isTTY);
}

async function answerTo(question: Question, { io, who }: Round): Promise<object> {
  if (question.kind !== 'form' && question.kind !== 'visit') return { roots: [] };
  const { stdin: input, stderr: output } = io.process;
  return askPerson(question, who, { input, output, signal: io.signal });
}

/** Lets the server end what it waits with; what it says to that is of no use to anybody. */
async function cancelAll(
  questions: readonly { readonly key: string; readonly question: Question }[],
  state: JsonObject,
  { ask }: Round,
): Promise<void> {
  const answers = questions.map(({ key, question }) => [key, question.kind === 'roots' ? { roots: [] } : { action: 'cancel' }]);
  await ask({ inputResponses: Object.fromEntries(answers), ...state }, { timeoutMs: GIVE_UP_WITHIN_MS }).catch(() => undefined);
}

function nobodyToAsk(who: string, questions: readonly Question[], inputRequests: unknown): HubError {
  const asked = questions.map((question) => printable(inWords(question))).join(', and ');
  const advice = questions.some(({ kind }) => kind === 'unknown')
    ? 'Use a client that can do that.'
    : 'Run the command on a terminal and without --json to answer.';
  return new HubError('INPUT_NOT_GIVEN', `${who} asks for input, and nobody can be asked here: ${asked}. ${advice}`, {
    details: { inputRequests },
  });
}

/** The params of a `notifications/message` on one line. */
function logText(params: unknown): string {
  const data = memberOf(params, 'data');
  const text = typeof data === 'string' ? data : jsonText(data ?? null);
  const logger = textOf(params, 'logger');
  const from = printableLine(`${textOf(params, 'level') || 'info'}: ${logger === '' ? '' : `${logger}:`}`);
  return `${from} ${printable(text)}`;
}

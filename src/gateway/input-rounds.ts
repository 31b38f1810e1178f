import { randomUUID } from 'node:crypto';
import { anyOf, type CancelSignal, type Clock, HubError, sleep } from '../base/index.ts';
import { fieldOf, isObject, type JsonObject, type JsonValue, messageKind, type Outcome, type ServerRequest } from '../protocol/index.ts';
import type { UpstreamAnswer } from '../upstream/index.ts';
import type { Answer, Call } from './call.ts';

/** Most rounds of questions in one call. */
export const MAX_ROUNDS = 10;
/** Most questions in one round. */
export const MAX_QUESTIONS = 50;
/** How long to wait before a server that asks nothing, but wants to be called again, is called again; in milliseconds. */
const REPEAT_AFTER_MS = 250;

export interface Rounds {
  /** The server's name, for messages. */
  readonly server: string;
  /** The params of the call as the server got them first. */
  readonly params: JsonObject;
  readonly ask: NonNullable<Call['ask']>;
  readonly signal: CancelSignal;
  readonly clock: Clock;
  readonly send: (params: JsonObject) => Promise<UpstreamAnswer>;
}

/** Whether a modern server wants input before it goes on (spec 2026-07-28 basic/patterns/mrtr). */
export function asksForInput({ era, outcome }: Answer): boolean {
  return era === 'modern' && fieldOf(outcome, 'resultType') === 'input_required';
}

/**
 * Does for a legacy client what the modern era leaves to its clients: answers the questions of an `input_required` and
 * repeats the call with the answers, until the server is done.
 *
 * @throws HubError INPUT_NOT_GIVEN, UPSTREAM_PROTOCOL, or what `send` rejects with
 */
export async function driveRounds(first: Answer, rounds: Rounds): Promise<Answer> {
  const { inputResponses: _responses, requestState: _state, ...params } = rounds.params;
  let answer = first;
  for (let round = 1; asksForInput(answer); round += 1) {
    if (round > MAX_ROUNDS) throw protocolError(rounds.server, `asked for input more than ${MAX_ROUNDS} times in one call.`);
    answer = await rounds.send({ ...params, ...(await nextRound(answer.outcome.result ?? {}, rounds)) });
  }
  return { ...answer, afterInput: true };
}

/** The fields that the next request has beyond the first one's. */
async function nextRound({ inputRequests, requestState }: JsonObject, rounds: Rounds): Promise<JsonObject> {
  const state = requestState === undefined ? {} : { requestState };
  const questions = questionsOf(inputRequests, rounds.server);
  if (questions.length > 0) return { inputResponses: await askAll(questions, rounds), ...state };
  if (requestState === undefined) throw protocolError(rounds.server, 'asked for input and did not say which.');
  await sleep(rounds.clock, REPEAT_AFTER_MS, rounds.signal);
  return state;
}

/** One thing that a server asks, under the key that its answer goes by. */
export type Question = readonly [key: string, request: ServerRequest];

/**
 * The questions in a map of `inputRequests`.
 *
 * @throws HubError UPSTREAM_PROTOCOL
 */
export function questionsOf(inputRequests: JsonValue | undefined, server: string): readonly Question[] {
  if (inputRequests === undefined) return [];
  const entries = isObject(inputRequests) ? Object.entries(inputRequests) : [];
  if (!isObject(inputRequests) || entries.length > MAX_QUESTIONS) throw protocolError(server, 'asked for input in a way that is not MCP.');
  return entries.map(([key, value]) => {
    const request = requestOf(value);
    if (!request) throw protocolError(server, `asked for the input "${key}" in a way that is not MCP.`);
    return [key, request];
  });
}

function requestOf(value: JsonValue | undefined): ServerRequest | undefined {
  if (!isObject(value) || messageKind({ ...value, jsonrpc: '2.0', id: 0 }) !== 'request') return undefined;
  const { method, params } = value;
  if (typeof method !== 'string') return undefined;
  return { method, params: isObject(params) ? withElicitationId(method, params) : undefined };
}

/** The handshake revisions name a visit to a URL by an id, which the modern one does not have (spec 2025-11-25 client/elicitation). */
function withElicitationId(method: string, params: JsonObject): JsonObject {
  if (method !== 'elicitation/create' || params['mode'] !== 'url') return params;
  return { elicitationId: randomUUID(), ...params };
}

/**
 * Asks everything at once; when one question fails, the others are taken back.
 *
 * @throws HubError INPUT_NOT_GIVEN
 */
export async function askAll(
  questions: readonly Question[],
  { ask, signal, server }: Pick<Rounds, 'ask' | 'signal' | 'server'>,
): Promise<JsonObject> {
  const failed = new AbortController();
  const either = anyOf(signal, failed.signal);
  try {
    const answers = questions.map(async ([key, request]) => [key, bareResult(await ask(request, either), request, server)] as const);
    return Object.fromEntries(await Promise.all(answers));
  } catch (error) {
    failed.abort();
    throw error;
  }
}

function bareResult({ result, error }: Outcome, { method }: ServerRequest, server: string): JsonObject {
  if (result) return result;
  const message = `Server "${server}" needs an answer to "${method}" to go on, and did not get one: ${error.message}`;
  throw new HubError('INPUT_NOT_GIVEN', message, { details: { server, method } });
}

function protocolError(server: string, problem: string): HubError {
  return new HubError('UPSTREAM_PROTOCOL', `Server "${server}" ${problem}`, { details: { server } });
}

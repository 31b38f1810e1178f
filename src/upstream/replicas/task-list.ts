import { HubError } from '../../base/index.ts';
import { isObject, type JsonObject } from '../../protocol/index.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../types.ts';
import type { Replica } from './replica.ts';

/**
 * Asks several replicas for a page of their tasks each, and makes one page of them. Its cursor says where each one goes on, so that
 * nothing has to be remembered. A replica that fails is left out, as long as there is another one.
 *
 * @throws HubError VALIDATION_ERROR for a cursor that is none; that of the first replica when all fail
 */
export async function listTasks(
  replicas: readonly Replica[],
  request: UpstreamRequest,
  send: (replica: Replica, request: UpstreamRequest) => Promise<UpstreamAnswer>,
): Promise<UpstreamAnswer> {
  const { cursor: given, ...params } = request.params ?? {};
  const from = given === undefined ? undefined : readCursor(given);
  const asked = from ? replicas.filter(({ number }) => from.has(number)) : replicas;
  // Those that would go on are gone, and their tasks with them.
  if (asked.length === 0) return { era: 'legacy', outcome: { result: { tasks: [] } } };
  const pages = await Promise.allSettled(
    asked.map(async (replica) => {
      const cursor = from?.get(replica.number);
      return { replica, answer: await send(replica, { ...request, params: cursor === undefined ? params : { ...params, cursor } }) };
    }),
  );
  const answered = pages.flatMap((page) => (page.status === 'fulfilled' ? [page.value] : []));
  const [first] = answered;
  if (!first) throw pages.find((page) => page.status === 'rejected')?.reason;
  return onePage(answered) ?? first.answer;
}

interface Page {
  readonly replica: Replica;
  readonly answer: UpstreamAnswer;
}

/** The page that these make; `undefined` when all of them are errors. */
function onePage(answered: readonly Page[]): UpstreamAnswer | undefined {
  const good = answered.flatMap(({ replica, answer: { era, outcome } }) =>
    outcome.result ? [{ replica, era, result: outcome.result }] : [],
  );
  const [first] = good;
  if (!first) return undefined;
  const next = good.flatMap(({ replica: { number }, result: { nextCursor } }): [number, string][] =>
    typeof nextCursor === 'string' ? [[number, nextCursor]] : [],
  );
  const { nextCursor: _nextCursor, ...result } = first.result;
  const tasks = good.flatMap((page) => tasksIn(page.result));
  return { era: first.era, outcome: { result: { ...result, tasks, ...(next.length > 0 && { nextCursor: cursorText(next) }) } } };
}

/** The tasks of one page. */
export function tasksIn(result: JsonObject | undefined): readonly JsonObject[] {
  const tasks = result?.['tasks'];
  return Array.isArray(tasks) ? tasks.filter(isObject) : [];
}

function cursorText(cursors: readonly (readonly [number, string])[]): string {
  return Buffer.from(JSON.stringify(cursors)).toString('base64url');
}

/**
 * Where the next page of each replica begins, by its number. One that is not named has no more.
 *
 * @throws HubError VALIDATION_ERROR
 */
function readCursor(text: unknown): ReadonlyMap<number, string> {
  try {
    const pairs: unknown = typeof text === 'string' ? JSON.parse(Buffer.from(text, 'base64url').toString()) : undefined;
    if (Array.isArray(pairs) && pairs.length > 0 && pairs.every(isPair)) return new Map(pairs);
  } catch {
    // Expected: SyntaxError, it is no cursor of this list's.
  }
  throw new HubError('VALIDATION_ERROR', 'tasks/list: params.cursor is none that the list of tasks gave. Begin without one.', {
    details: { field: 'params.cursor' },
  });
}

function isPair(pair: unknown): pair is [number, string] {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'number' && typeof pair[1] === 'string';
}

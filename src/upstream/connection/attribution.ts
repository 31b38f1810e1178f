import { isObject, type JsonObject, metaOf, RELATED_TASK_KEY } from '../../protocol/index.ts';
import { clientOf } from '../sharing/placement.ts';
import type { CallInFlight } from './requester.ts';

/** Whose a request of a legacy server is. */
export type Attribution =
  | { readonly kind: 'nobody' }
  /** Several clients', and nothing says which of them is meant. */
  | { readonly kind: 'ambiguous' }
  /** One client's. The calls of it whose client can be asked, the likeliest to have caused it first. */
  | { readonly kind: 'client'; readonly calls: readonly CallInFlight[] };

/** Of the calls that may have caused a request, those that wait for the very task that it names, if there are any; else all. */
export function relatedTo(params: JsonObject | undefined, calls: readonly CallInFlight[]): readonly CallInFlight[] {
  const related = metaOf(params)?.[RELATED_TASK_KEY];
  const taskId = isObject(related) ? related['taskId'] : undefined;
  if (typeof taskId !== 'string') return calls;
  const waiting = calls.filter(({ called, isOver }) => !isOver && called.method === 'tasks/result' && called.params?.['taskId'] === taskId);
  return waiting.length > 0 ? waiting : calls;
}

/** @param calls all calls that may have caused the request, oldest first; some may have been taken back */
export function attribute(calls: readonly CallInFlight[]): Attribution {
  const running = calls.filter(({ isOver }) => !isOver);
  const [first] = running;
  if (!first) return { kind: 'nobody' };
  if (!calls.every((call) => isSameClient(call, first))) return { kind: 'ambiguous' };
  const askable = running.filter(({ askClient }) => askClient).toReversed();
  return { kind: 'client', calls: [...askable.filter(({ asks }) => asks), ...askable.filter(({ asks }) => !asks)] };
}

function isSameClient(one: CallInFlight, other: CallInFlight): boolean {
  if (one === other) return true;
  const client = clientOf(one.origin);
  return client !== undefined && client === clientOf(other.origin);
}

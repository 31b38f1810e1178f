import { ExactNumber, parseJson } from '../base/index.ts';
import { isObject, isRequestId, type JsonObject, type JsonValue, type RequestId } from './envelope.ts';
import { messageOf } from './read-message.ts';

/** What was meant to answer a request and is no JSON-RPC response. */
interface BrokenAnswer {
  readonly id: RequestId;
  /** What is wrong with it: `its "result" is null, not an object`. */
  readonly problem: string;
  /** What its error says, where it is one with words. */
  readonly said: string | undefined;
}

const MEMBERS: ReadonlySet<string> = new Set(['id', 'result', 'error']);

/** Those among the bytes in which no message, or not only messages, were found. */
export function brokenAnswersIn(bytes: Buffer): readonly BrokenAnswer[] {
  // What most of the noise lacks is looked for before anything is parsed.
  if (!bytes.includes('"id"')) return [];
  try {
    // The decoder takes a byte order mark away.
    const value: unknown = parseJson(new TextDecoder().decode(bytes));
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => {
      const id = meantId(one);
      return id === undefined || messageOf(one) || !isObject(one) ? [] : [{ id, problem: problemOf(one), said: wordsOf(one['error']) }];
    });
  } catch {
    // Expected: SyntaxError, a line that is no JSON.
    return [];
  }
}

/** The id of what is meant as an answer. Lines of a log may be JSON as well, with an `id` that is about something else. */
function meantId(value: unknown): RequestId | undefined {
  if (!isObject(value) || 'method' in value || !isRequestId(value['id'])) return undefined;
  const isMeant = 'jsonrpc' in value || (('result' in value || 'error' in value) && Object.keys(value).every((key) => MEMBERS.has(key)));
  return isMeant ? value['id'] : undefined;
}

function problemOf({ jsonrpc, result, error }: JsonObject): string {
  if (jsonrpc !== '2.0') return 'its "jsonrpc" is not "2.0"';
  if (error === undefined || error === null)
    return result === undefined ? 'it has neither "result" nor "error"' : `its "result" is ${kindOf(result)}, not an object`;
  if (!isObject(error)) return `its "error" is ${kindOf(error)}, not an object`;
  if (typeof error['code'] !== 'number') return `the "code" of its "error" is ${kindOf(error['code'])}, not a number`;
  return `the "message" of its "error" is ${kindOf(error['message'])}, not a text`;
}

function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (value instanceof ExactNumber) return 'out of range';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function wordsOf(error: JsonValue | undefined): string | undefined {
  const words = isObject(error) ? error['message'] : error;
  return typeof words === 'string' && words.trim() !== '' ? words : undefined;
}

import { HubError, jsonText, parseJson } from '../base/index.ts';
import type { JsonObject, JsonValue, Outcome } from './envelope.ts';
import { isObject } from './envelope.ts';
import { Members, scanObject } from './json-scan.ts';

/** Fields of a result to put in place; one that is `undefined` goes. */
export type FieldChanges = Readonly<Record<string, JsonValue | undefined>>;

/**
 * The outcome of a request that was answered with a result, in the bytes that it came in. Nothing of it is made a value of before
 * somebody asks for it, so that what only passes through costs its bytes and no more.
 */
export class RawResult {
  readonly error = undefined;
  readonly #members: Members;
  /** Members that stand in front of those in the bytes. */
  readonly #added: string;
  #value: JsonObject | undefined;

  /** @param members of the object that is the result */
  constructor(members: Members, added = '') {
    this.#members = members;
    this.#added = added;
  }

  /** The whole result, made when it is asked for first. @throws HubError UPSTREAM_PROTOCOL when a text in it is broken */
  get result(): JsonObject {
    this.#value ??= parsed(this.text);
    return this.#value;
  }

  /** One field of it, of which nothing else is made a value of. @throws HubError UPSTREAM_PROTOCOL as {@link result} */
  field(key: string): JsonValue | undefined {
    if (this.#value || this.#added !== '') return this.result[key];
    const text = this.#members.text(key);
    return text === undefined ? undefined : parsedValue(text);
  }

  /** The same result with other fields; the bytes of the others stay as they are. */
  with(changes: FieldChanges): Outcome {
    if (this.#added !== '') return { result: changed(this.result, changes) };
    const replaced = Object.keys(changes).filter((name) => this.#members.has(name));
    const members = replaced.length === 0 ? this.#members : scanObject(this.#members.without(replaced), 0);
    if (!members) throw broken('it cannot be read again');
    return new RawResult(members, jsonText(changes).slice(1, -1));
  }

  /** Its JSON text in two parts, of which the second one is what came. */
  get parts(): { readonly head: string; readonly body: Buffer } {
    const { bytes, start, end, isEmpty } = this.#members;
    if (this.#added === '') return { head: '', body: bytes.subarray(start, end) };
    return { head: `{${this.#added}${isEmpty ? '' : ','}`, body: bytes.subarray(start + 1, end) };
  }

  /** Its JSON text. */
  get text(): string {
    const { head, body } = this.parts;
    return head + body.toString('utf8');
  }

  /** How long it is, in bytes. */
  get length(): number {
    const { head, body } = this.parts;
    return Buffer.byteLength(head) + body.length;
  }

  toJSON(): object {
    return { result: this.result };
  }
}

/** A result that has one field, from its JSON text `{"<key>":…}` without white space. */
export function singleField(key: string, bytes: Buffer): RawResult {
  const members = new Members(bytes, 0);
  const keyEnd = 1 + JSON.stringify(key).length;
  members.add(1, keyEnd, keyEnd + 1, bytes.length - 1);
  members.end = bytes.length;
  return new RawResult(members);
}

/** One field of a result, made a value of by itself; `undefined` when there is none, or the outcome is an error. */
export function fieldOf(outcome: Outcome, key: string): JsonValue | undefined {
  return outcome instanceof RawResult ? outcome.field(key) : outcome.result?.[key];
}

/** A result with other fields; an error is left as it is. The original is not touched. */
export function withFields(outcome: Outcome, changes: FieldChanges): Outcome {
  if (outcome instanceof RawResult) return outcome.with(changes);
  return outcome.error ? outcome : { result: changed(outcome.result, changes) };
}

function changed(result: JsonObject, changes: FieldChanges): JsonObject {
  const copy: Record<string, JsonValue | undefined> = { ...result };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete copy[key];
    else copy[key] = value;
  }
  return copy;
}

function parsed(text: string): JsonObject {
  const value = parsedValue(text);
  if (isObject(value)) return value;
  throw broken('it is no object');
}

function parsedValue(text: string): JsonValue {
  try {
    return parseJson(text) as JsonValue;
  } catch (error) {
    // Expected: SyntaxError. The scan looks for the ends of texts only, not for what JSON forbids in them.
    throw broken((error as SyntaxError).message);
  }
}

function broken(reason: string): HubError {
  return new HubError('UPSTREAM_PROTOCOL', `The server's answer is not JSON: ${reason}`);
}

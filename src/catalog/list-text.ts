import { jsonText } from '../base/index.ts';
import { type Era, type ListKind, type RawResult, singleField } from '../protocol/index.ts';
import { type ListPart, toolsIn } from './era-shape.ts';

/** The JSON text of the items in a part. It lies in the newest list that the part is in, so that it is there only once. */
const texts = new WeakMap<ListPart, Buffer>();

const COMMA = Buffer.from(',');
const END = Buffer.from(']}');

/** One list in the bytes that clients get: written when somebody asks for it first, and of that only what is new in it. */
class ListText {
  readonly #kind: ListKind;
  readonly #parts: readonly ListPart[];
  readonly #written: { readonly parts: readonly ListPart[]; readonly result: RawResult }[] = [];

  /** @param parts what each server has in it; the same array as long as it is the same */
  constructor(kind: ListKind, parts: readonly ListPart[]) {
    this.#kind = kind;
    this.#parts = parts.filter(({ length }) => length > 0);
  }

  /** As clients of that era get it: a result that lacks its cache hints and `_meta`. */
  in(era: Era): RawResult {
    const parts = this.#kind === 'tools' ? this.#parts.map((part) => toolsIn(era, part)) : this.#parts;
    const known = this.#written.find((one) => one.parts.every((part, at) => part === parts[at]));
    if (known) return known.result;
    const result = singleField(this.#kind, written(this.#kind, parts));
    this.#written.push({ parts, result });
    return result;
  }
}

/** The texts of all lists of a view. @see ListText */
export function listTexts(partsOf: (kind: ListKind) => readonly ListPart[]): Readonly<Record<ListKind, ListText>> {
  const text = (kind: ListKind): ListText => new ListText(kind, partsOf(kind));
  return { tools: text('tools'), prompts: text('prompts'), resources: text('resources'), resourceTemplates: text('resourceTemplates') };
}

/** The text of an object that has this list as its only field. */
function written(kind: ListKind, parts: readonly ListPart[]): Buffer {
  const begin = Buffer.from(`{"${kind}":[`);
  const pieces: Buffer[] = [begin];
  const placed: { readonly part: ListPart; readonly start: number; readonly end: number }[] = [];
  let length = begin.length;
  for (const part of parts) {
    if (placed.length > 0) pieces.push(COMMA);
    const text = texts.get(part) ?? Buffer.from(jsonText(part).slice(1, -1));
    pieces.push(text);
    const start = length + (placed.length > 0 ? COMMA.length : 0);
    length = start + text.length;
    placed.push({ part, start, end: length });
  }
  const whole = Buffer.concat([...pieces, END]);
  for (const { part, start, end } of placed) texts.set(part, whole.subarray(start, end));
  return whole;
}

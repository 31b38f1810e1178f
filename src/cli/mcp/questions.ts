import { isObject, type JsonObject, listOf, memberOf, numberOf, textOf, textsOf } from '../json.ts';

/** One field of a form that a server wants to be filled in (MCP 2026-07-28, client/elicitation, "Requested Schema"). */
export interface Field {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly type: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'choices';
  /** Of the last two types. */
  readonly choices: readonly Choice[];
  readonly default: unknown;
  readonly schema: JsonObject;
}

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What a server asks in the middle of a call. */
export type Question =
  | { readonly kind: 'form'; readonly message: string; readonly fields: readonly Field[] }
  | { readonly kind: 'visit'; readonly message: string; readonly url: string }
  | { readonly kind: 'roots' }
  | { readonly kind: 'unknown'; readonly method: string };

/** Reads one of the `inputRequests` of a result. */
export function questionOf(request: unknown): Question {
  const method = textOf(request, 'method');
  const params = memberOf(request, 'params');
  if (method === 'roots/list') return { kind: 'roots' };
  if (method !== 'elicitation/create') return { kind: 'unknown', method };
  const message = textOf(params, 'message');
  if (textOf(params, 'mode') === 'url') return { kind: 'visit', message, url: textOf(params, 'url') };
  return { kind: 'form', message, fields: fieldsOf(memberOf(params, 'requestedSchema')) };
}

function fieldsOf(schema: unknown): readonly Field[] {
  const properties = memberOf(schema, 'properties');
  const required = textsOf(memberOf(schema, 'required'));
  return Object.entries(isObject(properties) ? properties : {}).map(([name, given]) => {
    const property = isObject(given) ? given : {};
    return {
      name,
      title: textOf(property, 'title') || name,
      description: textOf(property, 'description'),
      isRequired: required.includes(name),
      ...typeOf(property),
      default: property['default'],
      schema: property,
    };
  });
}

function typeOf(property: JsonObject): Pick<Field, 'type' | 'choices'> {
  const type = textOf(property, 'type');
  if (type === 'array') return { type: 'choices', choices: choicesOf(memberOf(property, 'items')) };
  const choices = choicesOf(property);
  if (choices.length > 0) return { type: 'choice', choices };
  return { type: type === 'number' || type === 'integer' || type === 'boolean' ? type : 'text', choices };
}

/** `enum`, with the names that 2025-06-18 had for it, or the titled form. */
function choicesOf(schema: unknown): readonly Choice[] {
  const titled = [...listOf(schema, 'oneOf'), ...listOf(schema, 'anyOf')].map((one) => ({
    value: textOf(one, 'const'),
    label: textOf(one, 'title') || textOf(one, 'const'),
  }));
  const names = textsOf(memberOf(schema, 'enumNames'));
  return [...titled, ...textsOf(memberOf(schema, 'enum')).map((value, at) => ({ value, label: names[at] ?? value }))];
}

/** What is wrong with what a person typed into a field of text or number; `undefined` when it can be sent. */
export function wrongAnswer(field: Field, text: string): string | undefined {
  if (text === '') return field.isRequired ? 'A value is needed.' : undefined;
  return field.type === 'text' ? wrongText(field.schema, text) : wrongNumber(field, text);
}

function wrongNumber({ type, schema }: Field, text: string): string | undefined {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return 'It must be a number.';
  if (type === 'integer' && !Number.isInteger(value)) return 'It must be a whole number.';
  const [least, most] = [numberOf(schema, 'minimum'), numberOf(schema, 'maximum')];
  if (least !== undefined && value < least) return `It must be at least ${least}.`;
  return most !== undefined && value > most ? `It must be at most ${most}.` : undefined;
}

const FORMATS: Readonly<Record<string, { readonly is: (text: string) => boolean; readonly words: string }>> = {
  email: { is: (text) => /^[^\s@]+@[^\s@]+$/.test(text), words: 'an e-mail address' },
  uri: { is: (text) => URL.canParse(text), words: 'an address such as https://example.org' },
  date: { is: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)), words: 'a date such as 2026-07-28' },
  'date-time': {
    is: (text) => /^\d{4}-\d\d-\d\dT/i.test(text) && !Number.isNaN(Date.parse(text)),
    words: 'a time such as 2026-07-28T12:00:00Z',
  },
};

function wrongText(schema: JsonObject, text: string): string | undefined {
  const [least, most] = [numberOf(schema, 'minLength'), numberOf(schema, 'maxLength')];
  const { length } = [...text];
  if (least !== undefined && length < least) return `It must have at least ${least} characters.`;
  if (most !== undefined && length > most) return `It must have at most ${most} characters.`;
  const format = FORMATS[textOf(schema, 'format')];
  return format && !format.is(text) ? `It must be ${format.words}.` : undefined;
}

/** A question in words, for whoever cannot be asked. */
export function inWords(question: Question): string {
  switch (question.kind) {
    case 'form': {
      const fields = question.fields.map(({ name, type, choices, isRequired }) => {
        const values = choices.length > 0 ? choices.map(({ value }) => value).join(' | ') : type;
        return `${name}: ${values}${isRequired ? '' : ', optional'}`;
      });
      return `${JSON.stringify(question.message)}${fields.length > 0 ? ` (${fields.join('; ')})` : ''}`;
    }
    case 'visit':
      return `${JSON.stringify(question.message)} (open ${question.url})`;
    case 'roots':
      return 'the folders that are worked in';
    default:
      return `something that the command line cannot give ("${question.method}")`;
  }
}

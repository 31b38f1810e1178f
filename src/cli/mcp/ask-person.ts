import { numberIn } from '../../base/index.ts';
import { type JsonObject, typedNumber } from '../json.ts';
import { printable, printableLine } from '../style.ts';
import { type Field, type Question, wrongAnswer } from './questions.ts';

/** Where a person is asked; standard output is kept for what the call answers. */
export interface Streams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** The answer to a form or a visit; `cancel` where the person wants to go no further. */
export interface Elicited {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: JsonObject;
}

/** Thrown inside only: Ctrl-C or Escape at one of the questions. */
class Stopped extends Error {}

/** Asks the person on the terminal. `who` is the tool, prompt or resource in whose name it is asked. */
export async function askPerson(question: Extract<Question, { kind: 'form' | 'visit' }>, who: string, streams: Streams): Promise<Elicited> {
  const { log, select } = await import('@clack/prompts');
  const message = printable(question.message);
  const text = question.kind === 'visit' ? `${message}\n${printableLine(question.url)}` : message;
  log.info(`${printableLine(who)} asks:\n${text}`, { output: streams.output });
  const isForm = question.kind === 'form' && question.fields.length > 0;
  try {
    const action = await select({
      message: question.kind === 'visit' ? 'Open the address in a browser.' : 'Do you want to answer?',
      options: [
        { value: 'accept' as const, label: isForm ? 'Answer' : question.kind === 'visit' ? 'I have opened it' : 'Yes' },
        { value: 'decline' as const, label: 'Decline' },
      ],
      ...streams,
    });
    if (typeof action === 'symbol') return { action: 'cancel' };
    if (action === 'decline' || question.kind === 'visit') return { action };
    return { action, content: await fill(question.fields, streams) };
  } catch (error) {
    if (error instanceof Stopped) return { action: 'cancel' };
    throw error;
  }
}

async function fill(fields: readonly Field[], streams: Streams): Promise<JsonObject> {
  const content: [string, unknown][] = [];
  for (const field of fields) {
    const value = await valueFor(field, streams);
    if (typeof value === 'symbol') throw new Stopped();
    if (value !== undefined) content.push([field.name, value]);
  }
  return Object.fromEntries(content);
}

/** `undefined`: left out; a symbol: stopped. */
function valueFor(field: Field, streams: Streams): Promise<unknown> {
  if (field.type === 'boolean') return oneOf(field, YES_NO, streams);
  if (field.type === 'choice') {
    return oneOf(
      field,
      field.choices.map(({ value, label }) => ({ value, label: printableLine(label) })),
      streams,
    );
  }
  return field.type === 'choices' ? someOf(field, streams) : typed(field, streams);
}

const YES_NO = [
  { value: true, label: 'yes' },
  { value: false, label: 'no' },
];

async function oneOf(field: Field, choices: readonly { value: string | boolean; label: string }[], streams: Streams): Promise<unknown> {
  const { select } = await import('@clack/prompts');
  const keys = choices.map(({ label }, at) => ({ value: at, label }));
  const options = field.isRequired ? keys : [...keys, { value: -1, label: '(no answer)' }];
  const at = choices.findIndex(({ value }) => value === field.default);
  const chosen = await select({ message: messageFor(field), options, initialValue: at < 0 ? (options[0]?.value ?? 0) : at, ...streams });
  return typeof chosen === 'symbol' ? chosen : choices[chosen]?.value;
}

async function someOf(field: Field, streams: Streams): Promise<unknown> {
  const { multiselect } = await import('@clack/prompts');
  const options = field.choices.map(({ value, label }) => ({ value, label: printableLine(label) }));
  const given: readonly unknown[] = Array.isArray(field.default) ? field.default : [];
  const initialValues = options.map(({ value }) => value).filter((value) => given.includes(value));
  const chosen = await multiselect({ message: messageFor(field), options, initialValues, required: field.isRequired, ...streams });
  return Array.isArray(chosen) && chosen.length === 0 && !field.isRequired ? undefined : chosen;
}

async function typed(field: Field, streams: Streams): Promise<unknown> {
  const { text } = await import('@clack/prompts');
  const initial = typeof field.default === 'string' || numberIn(field.default) !== undefined ? String(field.default) : undefined;
  const answer = await text({
    message: messageFor(field),
    validate: (value) => wrongAnswer(field, value ?? ''),
    ...(initial !== undefined && { initialValue: initial }),
    ...streams,
  });
  if (typeof answer === 'symbol') return answer;
  if (!answer) return field.isRequired ? '' : undefined;
  return field.type === 'text' ? answer : typedNumber(answer);
}

function messageFor({ name, title, description, isRequired }: Field): string {
  const label = title === name ? name : `${title} (${name})`;
  return printableLine(`${label}${description === '' ? '' : `: ${description}`}${isRequired ? '' : ' [optional]'}`);
}

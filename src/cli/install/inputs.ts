import { closest, HubError, REDACTED } from '../../base/index.ts';
import type { Parameter } from '../../hub/index.ts';
import type { Values } from './fill-in.ts';

/** True for what should not be seen on a screen, or stand in a file. */
export function isSecret({ key, name, secret }: Parameter): boolean {
  return secret ?? /token|secret|passw|api[\s_-]?key|credential|private[\s_-]?key|authorization/i.test(`${key} ${name}`);
}

export const isRequired = ({ required }: Parameter): boolean => required !== false;

/** The placeholder with which the hub takes a value from its environment. */
export const fromEnvironment = (key: string): string => `\${env:${key}}`;

/** What is wrong with a value; `undefined` when it is right. Placeholders are not looked into. */
export function wrongValue({ choices, format }: Parameter, value: string): string | undefined {
  if (value.includes('${')) return undefined;
  if (choices && !choices.includes(value)) return `must be one of ${choices.join(', ')}`;
  if (format === 'number' && (value.trim() === '' || !Number.isFinite(Number(value)))) return 'must be a number';
  if (format === 'boolean' && value !== 'true' && value !== 'false') return 'must be true or false';
  return undefined;
}

/** `KEY=VALUE` of the command line by key, in order. @throws HubError USAGE with every mistake */
export function readInputs(texts: readonly string[], parameters: readonly Parameter[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const errors: string[] = [];
  const known = parameters.map(({ key }) => key);
  for (const text of texts) {
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    const parameter = parameters.find((one) => one.key === key);
    if (at < 0) errors.push(`--input ${key} has no value: write --input ${key}=VALUE.`);
    else if (!parameter) errors.push(unknownKey(key, known));
    else {
      const wrong = wrongValue(parameter, text.slice(at + 1));
      if (wrong !== undefined) errors.push(`--input ${key} ${wrong}.`);
      const before = values.get(key) ?? [];
      if (before.length > 0 && parameter.repeated !== true) errors.push(`--input ${key} is given twice.`);
      values.set(key, [...before, text.slice(at + 1)]);
    }
  }
  if (errors.length > 0) throw new HubError('USAGE', errors.join('\n'), { details: { errors } });
  return values;
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = closest(key, known);
  const advice = guess ? `Did you mean ${guess}?` : known.length > 0 ? `It has: ${known.join(', ')}.` : 'It has no inputs.';
  return `--input ${key}: this installation has no such input. ${advice}`;
}

/**
 * The values without asking anybody: what was given, else for a secret what the environment has under its name, else the
 * default.
 *
 * @throws HubError USAGE that lists everything that is missing
 */
export function completeInputs(parameters: readonly Parameter[], given: Values, env: NodeJS.ProcessEnv): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  const missing: Parameter[] = [];
  for (const parameter of parameters) {
    const value = given.get(parameter.key)?.map((text) => withoutLiteral(parameter, text, env)) ?? unasked(parameter, env);
    const isEmpty = value === undefined || value.every((text) => text === '');
    if (!isEmpty) values.set(parameter.key, value);
    else if (isRequired(parameter)) missing.push(parameter);
  }
  if (missing.length === 0) return values;
  const lines = missing.map(({ key, name, description }) => `  --input ${key}=…   ${description ?? name}`);
  throw new HubError('USAGE', `Values are missing:\n${lines.join('\n')}\nOn a terminal, without --yes, they are asked for.`, {
    details: { missing: missing.map(({ key }) => key) },
  });
}

function unasked(parameter: Parameter, env: NodeJS.ProcessEnv): readonly string[] | undefined {
  if (isSecret(parameter) && env[parameter.key]) return [fromEnvironment(parameter.key)];
  return parameter.default === undefined ? undefined : [parameter.default];
}

/** A secret that the environment has anyway need not stand in the file. */
function withoutLiteral(parameter: Parameter, value: string, env: NodeJS.ProcessEnv): string {
  return isSecret(parameter) && value !== '' && env[parameter.key] === value ? fromEnvironment(parameter.key) : value;
}

/** The values as they may be shown. */
export function withoutSecrets(parameters: readonly Parameter[], values: Values): Values {
  const secrets = new Set(literalSecrets(parameters, values));
  return new Map([...values].map(([key, texts]) => [key, texts.map((text) => (secrets.has(text) ? REDACTED : text))]));
}

/** The secrets that will stand in the file as they are. */
export function literalSecrets(parameters: readonly Parameter[], values: Values): readonly string[] {
  return parameters
    .filter(isSecret)
    .flatMap(({ key }) => values.get(key) ?? [])
    .filter((value) => value !== '' && !value.includes('${'));
}

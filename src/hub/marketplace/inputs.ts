import { isObject } from '../../protocol/index.ts';
import { flagOf, formatOf, type Parameter, present, textOf, textsOf } from './entries.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * The inputs of a server.json turned into `${KEY}` placeholders, with a parameter for each: one set for one installation,
 * in which keys are unique.
 *
 * An input with a `value` is a template: `{name}` in it stands for one of its `variables`. One without is asked for.
 */
export class Inputs {
  readonly #parameters = new Map<string, Parameter>();

  get parameters(): readonly Parameter[] {
    return [...this.#parameters.values()];
  }

  /** The text of an input. `name` is what it is called when the person is asked for it. */
  text(input: Json, name: string, more: Partial<Parameter> = {}): string {
    const value = typeof input['value'] === 'string' ? input['value'] : undefined;
    if (value === undefined) return this.#ask(input, name, more);
    return this.template(value, input['variables'], more);
  }

  /** Braces that name no variable stay as they are. */
  template(value: string, variables: unknown, more: Partial<Parameter> = {}): string {
    if (!isObject(variables)) return value;
    return value.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
      const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (!isObject(variable)) return whole;
      return typeof variable['value'] === 'string' ? variable['value'] : this.#ask(variable, name, more);
    });
  }

  #ask(input: Json, name: string, more: Partial<Parameter>): string {
    const choices = textsOf(input['choices']);
    const fallback = textOf(input['default']);
    const parameter = {
      name,
      ...present({
        description: textOf(input['description']),
        placeholder: textOf(input['placeholder']) ?? fallback,
        required: flagOf(input['isRequired']) ?? false,
        default: fallback,
        secret: flagOf(input['isSecret']),
        choices: choices.length > 0 ? choices : undefined,
        format: formatOf(input['format']),
      }),
      ...more,
    };
    const key = this.#keyFor(name, parameter);
    this.#parameters.set(key, { ...parameter, key });
    return `\${${key}}`;
  }

  /** The same question twice is asked once; different ones of one name get different keys. */
  #keyFor(name: string, parameter: Omit<Parameter, 'key'>): string {
    const base = keyOf(name);
    for (let number = 1; ; number += 1) {
      const key = number === 1 ? base : `${base}_${number}`;
      const known = this.#parameters.get(key);
      if (!known || JSON.stringify(known) === JSON.stringify({ ...parameter, key })) return key;
    }
  }
}

/** `X-API-Key` → `X_API_KEY`: a name that an environment variable may have. */
function keyOf(name: string): string {
  const key = /^[A-Za-z_]\w*$/.test(name) && name.includes('_') ? name : name.replace(/\W+/g, '_').toUpperCase();
  const trimmed = key.replace(/^_+|_+$/g, '');
  if (trimmed === '') return 'VALUE';
  return /^\d/.test(trimmed) ? `_${trimmed}` : trimmed;
}

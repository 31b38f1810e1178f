import { HubError } from '../../base/index.ts';
import type { Installation, Parameter } from '../../hub/index.ts';
import type { Values } from './fill-in.ts';
import { printable } from '../style.ts';
import { fromEnvironment, isRequired, isSecret, wrongValue } from './inputs.ts';

/** The library's own streams; tests hand in others. */
export interface Streams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Asks a person on a terminal. Every method throws CANCELLED when the person does not want to go on. */
export class Asking {
  readonly #streams: Streams;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  async installation(all: readonly Installation[]): Promise<Installation | undefined> {
    const { select } = await import('@clack/prompts');
    const options = all.map(({ name, description }, at) => ({
      value: at,
      label: printable(name),
      ...(description !== undefined && { hint: printable(description) }),
    }));
    const chosen = await select({ message: 'How should it run?', options, ...this.#streams });
    return typeof chosen === 'number' ? all[chosen] : stop();
  }

  async name(suggestion: string, taken: readonly string[]): Promise<string> {
    const { text } = await import('@clack/prompts');
    const validate = (value: string | undefined): string | undefined =>
      taken.includes(value || suggestion) ? 'There is a server of that name already.' : undefined;
    const isFree = !taken.includes(suggestion);
    const name = await text({ message: 'Under which name?', ...(isFree && { initialValue: suggestion }), validate, ...this.#streams });
    return typeof name === 'string' ? name || suggestion : stop();
  }

  /** What is not given yet, one after the other. */
  async values(parameters: readonly Parameter[], given: Values, env: NodeJS.ProcessEnv): Promise<Map<string, readonly string[]>> {
    const values = new Map(given);
    for (const parameter of parameters) {
      if (values.has(parameter.key)) continue;
      const value = await this.#value(parameter, env);
      if (value !== '') values.set(parameter.key, [value]);
    }
    return values;
  }

  async isSure(question: string): Promise<boolean> {
    const { confirm } = await import('@clack/prompts');
    const answer = await confirm({ message: question, ...this.#streams });
    return typeof answer === 'boolean' ? answer : stop();
  }

  async #value(parameter: Parameter, env: NodeJS.ProcessEnv): Promise<string> {
    const choices = parameter.choices ?? (parameter.format === 'boolean' ? ['true', 'false'] : undefined);
    if (choices) return this.#choice(parameter, choices);
    return isSecret(parameter) ? this.#secret(parameter, env) : this.#text(parameter);
  }

  async #choice(parameter: Parameter, choices: readonly string[]): Promise<string> {
    const { select } = await import('@clack/prompts');
    const none = isRequired(parameter) ? [] : [{ value: '', label: '(none)' }];
    const options = [...none, ...choices.map((value) => ({ value, label: printable(value) }))];
    const initialValue = parameter.default ?? options[0]?.value ?? '';
    const chosen = await select({ message: messageFor(parameter), options, initialValue, ...this.#streams });
    return typeof chosen === 'string' ? chosen : stop();
  }

  async #secret(parameter: Parameter, env: NodeJS.ProcessEnv): Promise<string> {
    const { password } = await import('@clack/prompts');
    if (await this.#isFromEnvironment(parameter, env)) return fromEnvironment(parameter.key);
    const typed = await password({ message: messageFor(parameter), validate: validator(parameter), ...this.#streams });
    return answerOf(typed, parameter);
  }

  async #text(parameter: Parameter): Promise<string> {
    const { text } = await import('@clack/prompts');
    const { placeholder, default: initialValue } = parameter;
    const typed = await text({
      message: messageFor(parameter),
      validate: validator(parameter),
      ...(placeholder !== undefined && { placeholder }),
      ...(initialValue !== undefined && { initialValue }),
      ...this.#streams,
    });
    return answerOf(typed, parameter);
  }

  async #isFromEnvironment({ key, name }: Parameter, env: NodeJS.ProcessEnv): Promise<boolean> {
    const { select } = await import('@clack/prompts');
    const isSet = Boolean(env[key]);
    const chosen = await select({
      message: printable(`Where does ${name} come from?`),
      options: [
        {
          value: true,
          label: printable(`the environment: ${fromEnvironment(key)}`),
          hint: isSet ? 'it is set' : 'set it before the hub starts',
        },
        { value: false, label: 'I type it in', hint: 'it will stand in the config file' },
      ],
      initialValue: isSet,
      ...this.#streams,
    });
    return typeof chosen === 'boolean' ? chosen : stop();
  }
}

function messageFor(parameter: Parameter): string {
  const { name, key, description } = parameter;
  const title = name === key ? key : `${name} (${key})`;
  return printable(`${title}${description === undefined ? '' : `: ${description}`}${isRequired(parameter) ? '' : ' [optional]'}`);
}

/** An empty answer may come as `undefined`; a symbol means that the person has cancelled. */
function answerOf(typed: string | symbol | undefined, parameter: Parameter): string {
  return typeof typed === 'symbol' ? stop() : typed || (parameter.default ?? '');
}

function validator(parameter: Parameter): (value: string | undefined) => string | undefined {
  return (value) => {
    if (!value) return isRequired(parameter) && parameter.default === undefined ? 'A value is needed.' : undefined;
    const wrong = wrongValue(parameter, value);
    return wrong && `It ${wrong}.`;
  };
}

function stop(): never {
  throw new HubError('CANCELLED', 'Nothing was installed.');
}

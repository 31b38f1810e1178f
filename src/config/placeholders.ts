import { basename, sep } from 'node:path';
import { HubError, shortened } from '../base/index.ts';
import { homeFolder } from './home-folder.ts';
import type { HubEnvironment } from './hub-environment.ts';
import { CommandError, runCommand } from './placeholder-command.ts';
import { fileValue, keyringValue, shownSource, SourceError } from './placeholder-sources.ts';
import { NestingError, type Part, parseTemplate, type Template } from './placeholder-syntax.ts';

export interface PlaceholderContext {
  readonly serverId: string;
  /** The environment of the hub. */
  readonly env: NodeJS.ProcessEnv;
  readonly hubEnv: HubEnvironment;
  /** The workspace folder. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Limit for one `${cmd: …}`, in milliseconds. */
  readonly commandTimeoutMs: number;
  /** For checks: a `${cmd: …}` is not run, the keyring of the system, which may ask a person, is not asked; both give nothing. */
  readonly skipCommands?: boolean;
  /** Where the hub keeps its data. Default: what the environment says. */
  readonly dataDir?: string;
  /** Is told of what works and should be different. @param field as in messages */
  readonly onWarning?: (warning: { readonly field: string; readonly message: string }) => void;
}

/** Where a string stands: for messages, and to notice env values that go round in circles. */
interface Spot {
  readonly field: string;
  /** The env keys being resolved, outermost first. */
  readonly trail: readonly string[];
}

type Placeholder = Exclude<Part, string>;

/**
 * Resolves the strings of one server for one launch. `env` comes first; its values may refer to one another in any
 * order. Every other field then sees, later ones winning: the predefined names, the environment of the hub,
 * `MCP_HUB_ENV`, and the resolved `env`. A command runs once, however often it stands in the definition.
 */
export class Placeholders {
  readonly #context: PlaceholderContext;
  readonly #outer: ReadonlyMap<string, string>;
  readonly #predefined: ReadonlyMap<string, string>;
  readonly #commands = new Map<string, Promise<string>>();
  readonly #sources = new Map<string, Promise<string>>();
  readonly #env: Readonly<Record<string, string | null>>;
  readonly #resolvedEnv = new Map<string, string>();
  readonly #values = new Set<string>();

  /** @param env of the server, unresolved */
  constructor(context: PlaceholderContext, env: Readonly<Record<string, string | null>>) {
    this.#context = context;
    this.#env = env;
    this.#predefined = predefined(context);
    const process = Object.entries(context.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    this.#outer = new Map([...process, ...Object.entries(context.hubEnv.variables)]);
  }

  /** Every value so far that came out of an environment, an input, a command, a file or the keyring. */
  get values(): ReadonlySet<string> {
    return this.#values;
  }

  /** @throws HubError PLACEHOLDER_ERROR; the signal's reason */
  async env(): Promise<Readonly<Record<string, string>>> {
    for (const key of Object.keys(this.#env)) await this.#envValue(key, []);
    return Object.fromEntries(this.#resolvedEnv);
  }

  /**
   * @param field for messages: `args[2]`
   * @throws HubError PLACEHOLDER_ERROR; the signal's reason
   */
  text(source: string, field: string): Promise<string> {
    return this.#text(source, { field, trail: [] });
  }

  /** As {@link text}; an argument that is exactly `$VAR` is a placeholder as well (deprecated). */
  async argument(source: string, field: string): Promise<string> {
    const name = /^\$([A-Za-z_]\w*)$/.exec(source)?.[1];
    if (name === undefined) return this.text(source, field);
    const spot: Spot = { field, trail: [] };
    return (await this.#variable(name, spot)) ?? this.#unset(source, name, spot);
  }

  async #envValue(key: string, trail: readonly string[]): Promise<string> {
    const known = this.#resolvedEnv.get(key);
    if (known !== undefined) return known;
    const source = this.#env[key] ?? '';
    const spot: Spot = { field: `env.${key}`, trail: [...trail, key] };
    const value = source === '' ? this.#fallback(key, spot) : await this.#envText(source, spot);
    this.#resolvedEnv.set(key, value);
    return value;
  }

  #fallback(key: string, { field }: Spot): string {
    const value = this.#outer.get(key);
    if (value !== undefined) return this.#remember(value);
    const message = `is empty in the config, and the environment has no variable ${key}. Set it, or remove the line`;
    throw this.#error(field, undefined, message);
  }

  /** An env value may be a whole command in the deprecated spelling `$: command`. */
  async #envText(source: string, spot: Spot): Promise<string> {
    if (!source.startsWith('$:')) return this.#text(source, spot);
    return this.#command(source, await this.#text(source.slice(2), spot), spot);
  }

  async #text(source: string, spot: Spot): Promise<string> {
    let template: Template;
    try {
      template = parseTemplate(source);
    } catch (error) {
      if (!(error instanceof NestingError)) throw error;
      throw this.#error(spot.field, undefined, `has placeholders ${error.message}`);
    }
    return this.#join(template, spot);
  }

  async #join(template: Template, spot: Spot): Promise<string> {
    let joined = '';
    for (const part of template) joined += typeof part === 'string' ? part : await this.#resolve(part, spot);
    return joined;
  }

  /** The kind is read off the literal text only: a value can name a variable, but never become a command. */
  async #resolve({ raw, body }: Placeholder, spot: Spot): Promise<string> {
    this.#context.signal.throwIfAborted();
    const { kind, rest } = splitKind(body);
    if (kind === 'cmd') return this.#command(raw, await this.#join(rest, spot), spot);
    if (kind === 'input') return this.#input(raw, (await this.#join(rest, spot)).trim(), spot);
    if (kind === 'file' || kind === 'keyring') return this.#source(raw, kind, (await this.#join(rest, spot)).trim(), spot);
    const { name: nameTemplate, fallback } = splitDefault(rest);
    const name = await this.#join(nameTemplate, spot);
    const value = (await this.#variable(name, spot)) ?? (kind === 'env' ? undefined : this.#predefined.get(name));
    if (fallback && (value ?? '') === '') return this.#join(fallback, spot);
    return value ?? this.#unset(raw, name, spot);
  }

  /** A value that refers to its own key means the variable of that name outside: `"PATH": "/opt/bin:${PATH}"`. */
  async #variable(name: string, { field, trail }: Spot): Promise<string | undefined> {
    if (Object.hasOwn(this.#env, name) && trail.at(-1) !== name) {
      if (trail.includes(name)) {
        const circle = [...trail.slice(trail.indexOf(name)), name].map((key) => `env.${key}`).join(' → ');
        throw this.#error(
          field,
          `\${${name}}`,
          `goes round in a circle: ${shortened(circle)}. Break it by giving one of them a plain value`,
        );
      }
      return this.#remember(await this.#envValue(name, trail));
    }
    const value = this.#outer.get(name);
    return value === undefined ? undefined : this.#remember(value);
  }

  #unset(raw: string, name: string, { field }: Spot): never {
    const foreign = /^(?:config|command|workspaceFolder):/.test(name);
    const advice = foreign ? 'The hub does not know placeholders of this kind' : 'Set the variable, or add it to "env" or MCP_HUB_ENV';
    throw this.#error(field, raw, `cannot be resolved. ${advice}`);
  }

  #input(raw: string, id: string, { field }: Spot): string {
    const { inputs } = this.#context.hubEnv;
    const value = Object.hasOwn(inputs, id) ? inputs[id] : undefined;
    if (value !== undefined) return this.#remember(value);
    throw this.#error(
      field,
      raw,
      `has no answer. Set MCP_HUB_ENV to a JSON object with the key ${JSON.stringify(`input:${shortened(id)}`)}`,
    );
  }

  /** Read once, however often it stands in the definition. */
  async #source(raw: string, kind: 'file' | 'keyring', what: string, { field }: Spot): Promise<string> {
    const key = `${kind}:${what}`;
    const warn = (problem: string): void => this.#context.onWarning?.({ field, message: `${shownSource(raw)} in ${field} ${problem}.` });
    let reading = this.#sources.get(key);
    if (!reading) {
      reading = kind === 'file' ? fileValue(what, this.#context, warn) : keyringValue(what, this.#context);
      this.#sources.set(key, reading);
    }
    try {
      return this.#remember(await reading);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw this.#error(field, shownSource(raw), error.message);
    }
  }

  async #command(raw: string, command: string, { field }: Spot): Promise<string> {
    if (command.trim() === '') throw this.#error(field, raw, 'names no command');
    const { cwd, env, hubEnv, signal, commandTimeoutMs: timeoutMs, skipCommands = false } = this.#context;
    if (skipCommands) return '';
    let running = this.#commands.get(command);
    if (!running) {
      running = runCommand(command.trim(), { cwd, env: { ...env, ...hubEnv.variables }, timeoutMs, signal });
      this.#commands.set(command, running);
    }
    try {
      return this.#remember(await running);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw this.#error(field, raw, `failed: the command ${error.message}. Run it in a terminal to see why`);
    }
  }

  #remember(value: string): string {
    this.#values.add(value);
    return value;
  }

  #error(field: string, placeholder: string | undefined, problem: string): HubError {
    const { serverId: server } = this.#context;
    const shown = placeholder === undefined ? undefined : shortened(placeholder);
    const what = shown === undefined ? field : `${shown} in ${field}`;
    const details = { server, field, ...(shown !== undefined && { placeholder: shown }) };
    return new HubError('PLACEHOLDER_ERROR', `Server "${server}": ${what} ${problem}.`, { details });
  }
}

/** The names that need no environment; they are not put into a server's environment either. */
export function predefined({ env, cwd }: Pick<PlaceholderContext, 'env' | 'cwd'>): ReadonlyMap<string, string> {
  return new Map([
    ['workspaceFolder', cwd],
    ['workspaceFolderBasename', basename(cwd)],
    ['userHome', homeFolder(env)],
    ['cwd', cwd],
    ['pathSeparator', sep],
    ['/', sep],
  ]);
}

/** `cmd: …`, `env:…`, `input:…`, `file:…`, `keyring:…`, or a name alone. */
function splitKind(body: Template): { readonly kind: string | undefined; readonly rest: Template } {
  const [first, ...others] = body;
  const match = typeof first === 'string' ? /^\s*(env|cmd|input|file|keyring):([^]*)$/.exec(first) : null;
  return match ? { kind: match[1], rest: [match[2] ?? '', ...others] } : { kind: undefined, rest: body };
}

/** `VAR:-default`, cut at the first `:-` that is literal text. */
function splitDefault(body: Template): { readonly name: Template; readonly fallback?: Template } {
  const index = body.findIndex((part) => typeof part === 'string' && part.includes(':-'));
  const part = body[index];
  if (typeof part !== 'string') return { name: body };
  const cut = part.indexOf(':-');
  return { name: [...body.slice(0, index), part.slice(0, cut)], fallback: [part.slice(cut + 2), ...body.slice(index + 1)] };
}

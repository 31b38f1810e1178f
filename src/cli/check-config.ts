import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isHubError } from '../base/index.ts';
import {
  type Diagnostic,
  type HubConfig,
  loadConfig,
  Placeholders,
  readHubEnvironment,
  type RemoteDefinition,
  type StdioDefinition,
} from '../config/index.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { placeField } from './field-place.ts';

/** Limit for one `${cmd: …}`, in milliseconds: that of the hub. */
const COMMAND_TIMEOUT_MS = 30_000;

export interface CheckOptions {
  /** The `--config` strings; empty means the default file. */
  readonly files: readonly string[];
  readonly defaultFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** What the hub would make of the config files. */
export interface Checked {
  /** `undefined` when the hub would not start with it. */
  readonly config: HubConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the config as the hub does; what is wrong with it is told and not thrown. */
export async function checkConfig({ files, defaultFile, env, cwd }: CheckOptions): Promise<Checked> {
  try {
    const config = await loadConfig({ files, defaultFile, env, cwd });
    return { config, diagnostics: config.diagnostics };
  } catch (error) {
    if (!isHubError(error, 'CONFIG_ERROR')) throw error;
    return { config: undefined, diagnostics: diagnosticsOf(error.details) };
  }
}

export interface ResolveOptions extends Pick<CheckOptions, 'env' | 'cwd'> {
  /** Otherwise a `${cmd: …}` counts as resolved. */
  readonly runCommands: boolean;
  readonly signal: AbortSignal;
}

type Runnable = StdioDefinition | RemoteDefinition;

/** Resolves the placeholders of every enabled server as its start would, and tells which cannot be resolved. No value is told. */
export async function checkPlaceholders(config: HubConfig, options: ResolveOptions): Promise<readonly Diagnostic[]> {
  const diagnostics: Diagnostic[] = [];
  for (const definition of config.servers) {
    // A disabled one is not started, and need not be able to.
    if (definition.kind === 'invalid' || definition.disabled) continue;
    for (const { field, message, severity = 'error' } of await problemsOf(definition, options)) {
      const text = await readFile(resolve(options.cwd, definition.source), 'utf8').catch(() => '');
      diagnostics.push({ ...placeField({ file: definition.source, text, serverId: definition.id, field, message }), severity });
    }
  }
  return diagnostics;
}

interface Problem {
  readonly field: string;
  readonly message: string;
  readonly severity?: Diagnostic['severity'];
}

async function problemsOf(definition: Runnable, { env, cwd, runCommands, signal }: ResolveOptions): Promise<readonly Problem[]> {
  const hubEnv = readHubEnvironment(env);
  const context = { serverId: definition.id, env, hubEnv, cwd, signal, commandTimeoutMs: COMMAND_TIMEOUT_MS, skipCommands: !runCommands };
  const problems: Problem[] = [];
  const onWarning = ({ field, message }: Problem): void => void problems.push({ field, message, severity: 'warning' });
  const placeholders = new Placeholders({ ...context, onWarning }, definition.env);
  const attempt = async (resolveIt: () => Promise<unknown>): Promise<boolean> => {
    try {
      await resolveIt();
      return true;
    } catch (error) {
      if (!isHubError(error, 'PLACEHOLDER_ERROR')) throw error;
      const { field } = error.details;
      problems.push({ field: typeof field === 'string' ? field : '', message: error.message });
      return false;
    }
  };
  // The other fields may refer to the environment: without it they have nothing of their own to say.
  if (!(await attempt(() => placeholders.env()))) return problems;
  for (const check of definition.kind === 'stdio' ? localChecks(definition, placeholders) : remoteChecks(definition, placeholders))
    await attempt(check);
  if (problems.every(({ severity }) => severity === 'warning')) problems.push(...(await placesOf(definition, placeholders, cwd)));
  return problems;
}

type Check = () => Promise<unknown>;

function localChecks({ command, args, cwd, envFile }: StdioDefinition, placeholders: Placeholders): Check[] {
  const fields = Object.entries({ command, cwd, envFile });
  return [
    ...fields.flatMap(([field, value]) => (value === undefined ? [] : [() => placeholders.text(value, field)])),
    ...args.map((arg, index) => () => placeholders.argument(arg, `args[${index}]`)),
  ];
}

function remoteChecks(definition: RemoteDefinition, placeholders: Placeholders): Check[] {
  return [
    ...addresses(definition).map(
      ([field, address]) =>
        () =>
          placeholders.text(address, field),
    ),
    ...Object.entries(definition.headers).map(
      ([name, value]) =>
        () =>
          placeholders.text(value, `headers.${name}`),
    ),
  ];
}

/** Folders and files that have to be there, and the address. What a skipped command would have given is not known. */
async function placesOf(definition: Runnable, placeholders: Placeholders, cwd: string): Promise<readonly Problem[]> {
  if (definition.kind === 'remote') {
    const found = addresses(definition).map(([field, address]) => addressProblems(field, address, placeholders));
    return (await Promise.all(found)).flat();
  }
  const { cwd: folder, envFile } = definition;
  return [...(await pathProblems('cwd', folder, placeholders, cwd)), ...(await pathProblems('envFile', envFile, placeholders, cwd))];
}

/** Each address with its place in the entry. */
function addresses({ url, urls }: Pick<RemoteDefinition, 'url' | 'urls'>): readonly (readonly [string, string])[] {
  return urls?.map((address, index) => [`urls[${index}]`, address] as const) ?? [['url', url]];
}

async function addressProblems(field: string, source: string, placeholders: Placeholders): Promise<readonly Problem[]> {
  if (holdsCommand(source)) return [];
  const url = (await placeholders.text(source, field)).trim();
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return [];
  return [{ field, message: 'Is not an http or https address once its placeholders are resolved' }];
}

async function pathProblems(
  field: 'cwd' | 'envFile',
  source: string | undefined,
  placeholders: Placeholders,
  cwd: string,
): Promise<readonly Problem[]> {
  if (source === undefined || holdsCommand(source)) return [];
  const found = await stat(resolve(cwd, await placeholders.text(source, field))).catch(() => undefined);
  if (field === 'cwd') return found?.isDirectory() === true ? [] : [{ field, message: `"${source}" is not a folder` }];
  return found?.isFile() === true ? [] : [{ field, message: `"${source}" is not a file` }];
}

function holdsCommand(text: string): boolean {
  return /\$[{<]\s*(?:cmd|keyring):/.test(text);
}

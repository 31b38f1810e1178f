import { readFile, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { HubError, isHeaderValue, type Outgoing, Secret, shortened } from '../base/index.ts';
import {
  type HubEnvironment,
  maskCommandLine,
  maskUrl,
  parseDotenv,
  Placeholders,
  predefined,
  readHubEnvironment,
  type RemoteDefinition,
  secretsOf,
  type StdioDefinition,
} from '../config/index.ts';
import { type EnvironmentLayers, type EnvironmentName, environmentNames, mergedEnvironment } from './launch-environment.ts';
import { inheritedEnvironment } from './process/child-environment.ts';
import { type LoginSettings, loginSecrets, resolveLoginSettings } from './oauth/login-settings.ts';
import type { RemoteLogin } from './oauth/remote-login.ts';
import { type HeaderFilter, headerFilter, rememberingFilter } from './forwarded-headers.ts';
import { redactor } from './redaction.ts';

/**
 * A definition with its placeholders resolved, made anew for every start. All that came out of a placeholder, an
 * environment or a header may be a key, so every value is a {@link Secret}.
 */
export interface StdioLaunch {
  readonly kind: 'stdio';
  readonly command: Secret;
  readonly args: readonly Secret[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, Secret>>;
  /** What stands in `env`, and where it was taken from. Absent when nobody knows. */
  readonly environmentNames?: readonly EnvironmentName[];
  readonly cwd?: string;
  /** The command line as configured, placeholders unresolved, or its beginning: what errors and logs may show. */
  readonly label: string;
  /** Largest message that is read, in bytes. Absent: 64 MiB. */
  readonly maxMessageBytes?: number;
  /** `text` with every resolved value in it replaced: for what the server or an error message says. */
  redact(text: string): string;
}

export interface RemoteLaunch {
  readonly kind: 'remote';
  readonly url: Secret;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly transport: 'auto' | 'http' | 'sse';
  /** Picks what of a client's headers is handed on, which `redact` replaces from then on. Absent for nothing. */
  readonly forward?: HeaderFilter;
  /** As {@link RemoteDefinition.publicOnly}. */
  readonly publicOnly?: boolean;
  /** How the config wants the login; `false` for none. Absent: as the server says. */
  readonly oauth?: LoginSettings | false;
  /** Says who the hub is at this server, where `headers` do not. */
  readonly login?: RemoteLogin;
  /** The way to it. Default: the direct one. */
  readonly outgoing?: Outgoing;
  /** The URL as configured, without a password or query values that stand in it, or its beginning. */
  readonly label: string;
  /** Largest message that is read, in bytes. Absent: 64 MiB. */
  readonly maxMessageBytes?: number;
  redact(text: string): string;
}

export type Launch = StdioLaunch | RemoteLaunch;

export interface LaunchContext {
  /** The environment of the hub. */
  readonly env: NodeJS.ProcessEnv;
  /** The workspace folder. */
  readonly cwd: string;
  /** Gives up; commands of placeholders are killed. */
  readonly signal: AbortSignal;
  /** Whether an address is the hub's own, which no server may have. */
  readonly isOwnAddress?: (url: URL) => boolean;
  /** Whether servers may be at an address; anywhere when absent. */
  readonly isAllowedAddress?: (url: URL) => boolean;
  /** Limit for one `${cmd: …}`, in milliseconds. Default 30,000. */
  readonly commandTimeoutMs?: number;
  /** Where the hub keeps its data. Default: what the environment says. */
  readonly dataDir?: string;
  /** Is told of what works and should be different; no value is in it. */
  readonly onWarning?: (warning: { readonly message: string }) => void;
}

const COMMAND_TIMEOUT_MS = 30_000;
const MAX_ENV_FILE_BYTES = 1024 * 1024;

/** What both kinds of launch are made of. */
interface Work {
  readonly context: LaunchContext;
  readonly placeholders: Placeholders;
  readonly env: Readonly<Record<string, string>>;
  readonly hubEnv: HubEnvironment;
}

/**
 * Resolves the placeholders of a definition: `env` first, then the other fields with the resolved `env` on top.
 *
 * @throws HubError PLACEHOLDER_ERROR, CONFIG_ERROR: naming the field and never a value; the signal's reason
 */
export async function resolveLaunch(definition: StdioDefinition | RemoteDefinition, context: LaunchContext): Promise<Launch> {
  const hubEnv = readHubEnvironment(context.env);
  const { commandTimeoutMs = COMMAND_TIMEOUT_MS } = context;
  const placeholders = new Placeholders({ ...context, serverId: definition.id, hubEnv, commandTimeoutMs }, definition.env);
  const work: Work = { context, placeholders, env: await placeholders.env(), hubEnv };
  return definition.kind === 'stdio' ? resolveStdio(definition, work) : resolveRemote(definition, work);
}

async function resolveStdio(definition: StdioDefinition, work: Work): Promise<StdioLaunch> {
  const { context, placeholders, env, hubEnv } = work;
  const args: string[] = [];
  // Nothing is waited for where nothing has to be: servers begin in the order of the config, however many arguments they have.
  for (const [index, arg] of definition.args.entries())
    args.push(arg.includes('$') ? await placeholders.argument(arg, `args[${index}]`) : arg);
  const fileEnv = await readEnvFile(definition, work);
  const command = await placeholders.text(definition.command, 'command');
  if (command.trim() === '') throw fieldError(definition, 'command', 'is empty once its placeholders are resolved');
  const cwd = await resolveCwd(definition, work);
  const layers: EnvironmentLayers = [
    ['inherited', inheritedEnvironment(context.env)],
    ['MCP_HUB_ENV', hubEnv.variables],
    ['envFile', fileEnv],
    ['env', env],
  ];
  const childEnv = mergedEnvironment(layers);
  checkVariables(definition, childEnv);
  return {
    kind: 'stdio',
    command: new Secret(command),
    args: args.map((arg) => new Secret(arg)),
    env: secrets(childEnv),
    environmentNames: environmentNames(layers),
    cwd,
    label: shortened(maskCommandLine(definition.command, definition.args)),
    ...(definition.maxMessageBytes !== undefined && { maxMessageBytes: definition.maxMessageBytes }),
    redact: redactorOf(work, [...Object.values(fileEnv), ...secretsOf({ command: definition.command, args: definition.args })]),
  };
}

async function resolveRemote(definition: RemoteDefinition, work: Work): Promise<RemoteLaunch> {
  const { placeholders } = work;
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(definition.headers)) {
    headers.push([name, await placeholders.text(value, `headers.${name}`)]);
  }
  const url = await resolveAddress(definition, work);
  checkHeaders(definition, headers);
  const oauth = definition.oauth && (await resolveLoginSettings(definition.oauth, placeholders));
  const filter = headerFilter(definition.forwardHeaders, Object.keys(definition.headers));
  const forwarded = filter && rememberingFilter(filter);
  const redactOwn = redactorOf(work, [
    ...headers.map(([, value]) => value),
    ...urlSecrets(url),
    ...secretsOf({ url: definition.url, oauth: definition.oauth }),
    ...loginSecrets(oauth),
  ]);
  return {
    kind: 'remote',
    ...(oauth !== undefined && { oauth }),
    url: new Secret(url),
    headers: secrets(Object.fromEntries(headers)),
    transport: definition.transport,
    ...(forwarded && { forward: forwarded.forward }),
    ...(definition.publicOnly !== undefined && { publicOnly: definition.publicOnly }),
    label: shortened(maskUrl(definition.url)),
    ...(definition.maxMessageBytes !== undefined && { maxMessageBytes: definition.maxMessageBytes }),
    redact: forwarded ? (text) => forwarded.redact(redactOwn(text)) : redactOwn,
  };
}

async function resolveAddress(definition: RemoteDefinition, { placeholders, context }: Work): Promise<string> {
  const field = definition.urls ? `urls[${definition.urls.indexOf(definition.url)}]` : 'url';
  const url = (await placeholders.text(definition.url, field)).trim();
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw fieldError(definition, field, 'is not an http or https address once its placeholders are resolved');
  }
  if (context.isOwnAddress?.(new URL(url))) throw ownAddressError(definition, field);
  if (context.isAllowedAddress?.(new URL(url)) === false) {
    throw fieldError(definition, field, 'leads to a host that is none of "allowedUpstreamHosts" once its placeholders are resolved');
  }
  return url;
}

async function resolveCwd(definition: StdioDefinition, { context, placeholders }: Work): Promise<string> {
  if (definition.cwd === undefined) return context.cwd;
  const cwd = resolve(context.cwd, await placeholders.text(definition.cwd, 'cwd'));
  const found = await stat(cwd).catch(() => undefined);
  if (!found?.isDirectory()) throw fieldError(definition, 'cwd', `(${shortened(definition.cwd)}) is not a folder`);
  return cwd;
}

async function readEnvFile(definition: StdioDefinition, { context, placeholders }: Work): Promise<Readonly<Record<string, string>>> {
  if (definition.envFile === undefined) return {};
  const path = resolve(context.cwd, await placeholders.text(definition.envFile, 'envFile'));
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw fieldError(definition, 'envFile', `(${shortened(definition.envFile)}) is not a file`);
  if (found.size > MAX_ENV_FILE_BYTES) throw fieldError(definition, 'envFile', `(${shortened(definition.envFile)}) is larger than 1 MiB`);
  try {
    return parseDotenv(await readFile(path, { encoding: 'utf8', signal: context.signal }));
  } catch (cause) {
    context.signal.throwIfAborted();
    throw fieldError(definition, 'envFile', `(${shortened(definition.envFile)}) cannot be read`, cause);
  }
}

/** The operating system refuses such variables, in words that would show their values. */
function checkVariables(definition: StdioDefinition, env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || /[=\0]/.test(name))
      throw fieldError(definition, 'env', `has a name that no variable can have: ${shortened(JSON.stringify(name))}`);
    if (value.includes('\0')) throw fieldError(definition, `env.${name}`, 'holds a NUL character');
  }
}

/** The same for the values of headers. Line breaks at the end are what commands and files leave behind; within, they are an attack. */
function checkHeaders(definition: RemoteDefinition, headers: readonly (readonly [string, string])[]): void {
  for (const [name, value] of headers) {
    if (!isHeaderValue(value)) {
      throw fieldError(definition, `headers.${name}`, 'holds a line break or another character that no header can hold');
    }
  }
}

function fieldError({ id: server }: StdioDefinition | RemoteDefinition, field: string, problem: string, cause?: unknown): HubError {
  const message = `Server "${server}": ${field} ${problem}. Correct it in the config, or what its placeholders stand for.`;
  return new HubError('CONFIG_ERROR', message, { details: { server, field }, ...(cause !== undefined && { cause }) });
}

function ownAddressError({ id: server }: RemoteDefinition, field: string): HubError {
  const message = `Server "${server}": ${field} is the address of this hub itself, which would call itself for ever. Remove it, or correct it.`;
  return new HubError('CONFIG_ERROR', message, { details: { server, field } });
}

function secrets(values: Readonly<Record<string, string>>): Readonly<Record<string, Secret>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
}

/** Secret is what came out of a placeholder, an environment or a header; public is what every program can see anyway. */
function redactorOf({ context, placeholders, env, hubEnv }: Work, more: readonly string[]): (text: string) => string {
  const inherited = Object.entries(inheritedEnvironment(context.env));
  // A proxy address is the one inherited value that may hold a password.
  const isProxy = ([name]: readonly [string, string]): boolean => /_proxy$/i.test(name);
  const proxies = inherited.filter(isProxy).flatMap(([, value]) => urlSecrets(value));
  const shown = inherited.filter((entry) => !isProxy(entry)).flatMap(([, value]) => [value, ...value.split(delimiter)]);
  const known = [...shown, ...predefined(context).values()];
  return redactor([...placeholders.values, ...Object.values(env), ...Object.values(hubEnv.variables), ...more, ...proxies], known);
}

/** The password and the query values of an address. */
function urlSecrets(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { password, searchParams } = new URL(url);
  return [password, ...searchParams.values()];
}

import { isAbsolute } from 'node:path';
import type { DevDefinition, Diagnostic, DisabledItems, QueueLimits, ServerDefinition, ToolTimeouts } from './config.ts';
import type { Node, ObjectNode } from './json5.ts';
import { patternProblem } from './dev-patterns.ts';
import { checkOAuth, oauthOf } from './oauth-entry.ts';
import { commonFields, DEFAULT_DEV_WATCH, remoteFields, serverFields, stdioFields } from './schema.ts';
import { warnOfLostBackslashes } from './lost-backslashes.ts';
import { checkHeaders, isSentByHub } from './header-fields.ts';
import { diagnosticOf, keyPath, type Source } from './source.ts';
import { checkPublic } from './upstream-hosts.ts';
import { typeMismatch } from './transport-type.ts';
import { asObject, type Issue, objectOf, presentIn, type ValuesOf } from './types.ts';

export interface ServerEntry {
  readonly definition: ServerDefinition;
  /** Errors and warnings of this entry. */
  readonly diagnostics: readonly Diagnostic[];
  /** Those warnings among them that are about values which do not count as they stand there. */
  readonly wrongValues: readonly Diagnostic[];
  /** An error at the place of one of its keys, for what the entry alone cannot know. */
  readonly errorAt: (key: string, message: string, hint: string) => Diagnostic;
}

type Values = ValuesOf<typeof serverFields>;

const entryType = objectOf(serverFields);

/** One server of a config file. Whatever is wrong with it makes an `invalid` definition and concerns no other server. */
export function readServerEntry(source: Source, id: string, idAt: number, value: Node, path: string, cwd: string): ServerEntry {
  const node = asObject(value);
  const diagnostics: Diagnostic[] = [];
  const wrongValues: Diagnostic[] = [];
  const report = (issue: Issue): void => {
    const diagnostic = diagnosticOf(source, { ...issue, serverId: id });
    diagnostics.push(diagnostic);
    if (issue.isWrongValue) wrongValues.push(diagnostic);
  };
  const values = entryType.read(node, path, report);
  const badName = nameProblem(id);
  if (badName !== undefined) report({ severity: 'error', at: idAt, keyPath: path, message: badName });
  const given = node.kind === 'object' ? presentIn(node) : undefined;
  if (values && given) checkTogether({ values, node: given, idAt, path, report });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const base = { id, ...commonOf(values ?? {}), source: source.file, errors };
  const body = values && errors.length === 0 ? bodyOf(values, cwd) : undefined;
  const errorAt: ServerEntry['errorAt'] = (key, message, hint) => {
    const place = node.kind === 'object' ? at(node, key) : node.at;
    return diagnosticOf(source, { severity: 'error', at: place, keyPath: keyPath(path, key), message, hint, serverId: id });
  };
  const definition: ServerDefinition = body
    ? { ...base, ...body }
    : { ...base, kind: 'invalid', ...(given && isRemote(given) && { isRemote: true }) };
  return { definition, diagnostics, wrongValues, errorAt };
}

/** Where it is, as far as a broken entry tells. */
function isRemote({ members }: ObjectNode): boolean {
  const keys = members.map(({ key }) => key);
  return !keys.includes('command') && (keys.includes('url') || keys.includes('urls'));
}

/** Names stand in addresses (`/mcp/<server>`), on terminals and in logs. */
function nameProblem(id: string): string | undefined {
  if (id.trim() === '') return 'A server needs a name';
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(id)) return "A server's name cannot hold line breaks or control characters";
  if (['.', '..', '.well-known'].includes(id)) return `"${id}" cannot name a server: it has a meaning of its own in addresses`;
  return undefined;
}

function commonOf(values: Values) {
  const { name, description, disabled = false, initTimeout, requestTimeout, isolation, maxConnections } = values;
  const disabledItems = disabledItemsOf(values);
  return {
    ...(name !== undefined && { displayName: name }),
    ...(description !== undefined && { description }),
    disabled,
    initTimeoutMs: initTimeout ?? commonFields.initTimeout.default,
    requestTimeoutMs: requestTimeout ?? commonFields.requestTimeout.default,
    ...limitsOf(values),
    isolation: isolation ?? commonFields.isolation.default,
    maxConnections: maxConnections ?? commonFields.maxConnections.default,
    ...supervisionOf(values),
    ...(Object.keys(disabledItems).length > 0 && { disabledItems }),
  };
}

/** How it is kept alive. */
function supervisionOf({ start, idleTimeout: idleTimeoutMs, restart, pingInterval: pingIntervalMs }: Values) {
  return {
    ...(start !== undefined && { start }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(restart !== undefined && { restart }),
    ...(pingIntervalMs !== undefined && { pingIntervalMs }),
  };
}

/** Those that are absent when they are not set. */
function limitsOf(values: Values) {
  const { totalTimeout, maxMessageSize } = values;
  const toolTimeouts = toolTimeoutsOf(values);
  const queue = queueOf(values);
  return {
    ...(totalTimeout !== undefined && { totalTimeoutMs: totalTimeout }),
    ...(Object.keys(toolTimeouts).length > 0 && { toolTimeouts }),
    ...(queue && { queue }),
    ...(maxMessageSize !== undefined && { maxMessageBytes: maxMessageSize }),
  };
}

function toolTimeoutsOf({ toolTimeouts = {} }: Values): Readonly<Record<string, ToolTimeouts>> {
  const entries = Object.entries(toolTimeouts).map(([tool, { requestTimeout, totalTimeout }]): [string, ToolTimeouts] => [
    tool,
    {
      ...(requestTimeout !== undefined && { requestTimeoutMs: requestTimeout }),
      ...(totalTimeout !== undefined && { totalTimeoutMs: totalTimeout }),
    },
  ]);
  return Object.fromEntries(entries);
}

function queueOf({ maxConcurrency, maxQueue, queueTimeout }: Values): QueueLimits | undefined {
  if (maxConcurrency === undefined) return undefined;
  return {
    maxConcurrency,
    maxQueue: maxQueue ?? commonFields.maxQueue.default,
    queueTimeoutMs: queueTimeout ?? commonFields.queueTimeout.default,
  };
}

function disabledItemsOf({ disabled_tools, disabled_prompts, disabled_resources, disabled_resourceTemplates }: Values): DisabledItems {
  const all = {
    tools: disabled_tools,
    prompts: disabled_prompts,
    resources: disabled_resources,
    resourceTemplates: disabled_resourceTemplates,
  };
  return Object.fromEntries(Object.entries(all).filter(([, names]) => names !== undefined && names.length > 0));
}

function bodyOf(values: Values, workspace: string) {
  const { command, env = {}, headers = {}, type } = values;
  if (command !== undefined) return { kind: 'stdio' as const, command, env, ...localOf(values, workspace) };
  const urls = addressesOf(values);
  const [url] = urls;
  if (url === undefined) return undefined;
  const sent = Object.fromEntries(Object.entries(headers).filter(([name]) => !isSentByHub(name)));
  const oauth = oauthOf(values.oauth);
  return {
    kind: 'remote' as const,
    url,
    ...(urls.length > 1 && { urls }),
    headers: sent,
    env,
    transport: transportOf(type),
    ...wayOf(values),
    ...(oauth !== undefined && { oauth }),
  };
}

function wayOf({ forwardHeaders = [], publicOnly }: Values) {
  const names = [...new Set(forwardHeaders)];
  return { ...(names.length > 0 && { forwardHeaders: names }), ...(publicOnly !== undefined && { publicOnly }) };
}

function localOf({ args = [], cwd, envFile, dev, replicas = 1 }: Values, workspace: string) {
  return {
    args,
    ...(envFile !== undefined && { envFile }),
    ...(cwd !== undefined && { cwd }),
    ...(dev && { dev: devOf(dev, cwd ?? workspace) }),
    ...(replicas > 1 && { replicas }),
  };
}

function addressesOf({ url, urls = [] }: Values): readonly string[] {
  return url === undefined ? urls : [url];
}

function devOf(dev: NonNullable<Values['dev']>, cwd: string): DevDefinition {
  return { enabled: dev.enabled ?? true, watch: dev.watch ?? DEFAULT_DEV_WATCH, cwd: dev.cwd ?? cwd };
}

/** `http` is what VS Code writes for every address, and it falls back to HTTP+SSE itself. */
function transportOf(type: Values['type']): 'auto' | 'http' | 'sse' {
  if (type === 'sse') return 'sse';
  return type === 'streamable-http' ? 'http' : 'auto';
}

export interface Entry {
  readonly values: Values;
  readonly node: ObjectNode;
  readonly idAt: number;
  readonly path: string;
  readonly report: (issue: Issue) => void;
}

/** What no field can say alone. */
function checkTogether(entry: Entry): void {
  const { node, idAt, path, report } = entry;
  const has = (key: string): boolean => node.members.some((member) => member.key === key);
  const address = ['url', 'urls'].find(has);
  if (has('command') && address !== undefined) {
    const hint = 'Keep "command" for a server that the hub starts, or "url" for one that runs elsewhere';
    report({ severity: 'error', at: at(node, address), keyPath: path, message: `Has both "command" and "${address}"`, hint });
  } else if (!has('command') && address === undefined) {
    const hint = 'Give "command" for a server that the hub starts, or "url" for one that runs elsewhere';
    report({ severity: 'error', at: idAt, keyPath: path, message: 'Has neither "command" nor "url"', hint });
  } else {
    checkKind(entry, has('command') ? 'command' : (address ?? 'url'));
  }
  checkSandbox(entry);
  checkQueue(entry);
  if (!has('command')) checkOAuth(entry.values, node, path, report);
}

function checkQueue({ node, path, report }: Entry): void {
  if (node.members.some(({ key }) => key === 'maxConcurrency')) return;
  for (const { key, keyAt } of node.members) {
    if (key !== 'maxQueue' && key !== 'queueTimeout') continue;
    const message = 'Has no meaning without "maxConcurrency": no request waits';
    report({ severity: 'warning', at: keyAt, keyPath: keyPath(path, key), message, hint: 'Set "maxConcurrency", or remove it' });
  }
}

function checkKind(entry: Entry, key: string): void {
  const { values, node, path, report } = entry;
  const kind = key === 'command' ? 'stdio' : 'remote';
  const foreign = Object.keys(kind === 'stdio' ? remoteFields : stdioFields);
  for (const member of node.members.filter(({ key }) => foreign.includes(key))) {
    const hint = member.key === 'replicas' ? 'Give several addresses in "urls"' : undefined;
    const message = `Has no meaning beside "${key}" and is ignored`;
    report({ severity: 'warning', at: member.keyAt, keyPath: keyPath(path, member.key), message, ...(hint !== undefined && { hint }) });
  }
  const mismatch = typeMismatch(node, values.type, key);
  if (mismatch) report({ severity: 'warning', isWrongValue: true, at: at(node, 'type'), keyPath: keyPath(path, 'type'), ...mismatch });
  if (kind === 'stdio') checkLocal(entry);
  else checkRemote(entry);
}

function checkRemote(entry: Entry): void {
  checkAddresses(entry);
  checkHeaders(entry);
  checkPublic(entry);
}

function checkLocal(entry: Entry): void {
  const { values, node, path, report } = entry;
  warnOfLostBackslashes(values, (key) => ({ at: at(node, key), keyPath: keyPath(path, key) }), report);
  checkDev(entry);
}

/** Of the folder only a literal one: what holds a placeholder is checked at launch. */
function checkDev({ values: { dev }, node, path, report }: Entry): void {
  const place = keyPath(path, 'dev');
  const bad = (where: string, message: string, hint?: string): void =>
    report({ severity: 'error', at: at(node, 'dev'), keyPath: where, message, ...(hint !== undefined && { hint }) });
  if (dev?.cwd !== undefined && !dev.cwd.includes('$') && !isAbsolute(dev.cwd)) bad(keyPath(place, 'cwd'), 'Must be an absolute path');
  for (const [index, glob] of (dev?.watch ?? []).entries()) {
    const problem = patternProblem(glob);
    if (problem) bad(`${keyPath(place, 'watch')}[${index}]`, problem.message, problem.hint);
  }
}

/** Only literal ones, as the folder of {@link checkDev}. */
function checkAddresses({ values: { url, urls }, node, path, report }: Entry): void {
  const bad = (key: string, keyPath: string, message: string, hint: string): void =>
    report({ severity: 'error', at: at(node, key), keyPath, message, hint });
  const check = (key: string, keyPath: string, address: string): void => {
    if (!address.includes('$') && !isWebAddress(address))
      bad(key, keyPath, 'Is not an address the hub can call', 'It starts with http:// or https://');
  };
  if (url !== undefined) check('url', keyPath(path, 'url'), url);
  const place = keyPath(path, 'urls');
  for (const [index, address] of (urls ?? []).entries()) {
    check('urls', `${place}[${index}]`, address);
    if (urls?.indexOf(address) !== index) bad('urls', `${place}[${index}]`, 'Is the same address once more', 'Give each address once');
  }
  if (urls?.length === 0) bad('urls', place, 'Holds no address', 'Give one or more, or "url"');
  if (urls && url !== undefined) bad('urls', place, 'Stands beside "url"', 'Put all addresses into "urls", and remove "url"');
}

/** A person who asked for a sandbox has to hear that there is none. */
function checkSandbox({ node, path, report }: Entry): void {
  for (const { key, keyAt } of node.members) {
    if (key !== 'sandbox' && key !== 'sandboxEnabled') continue;
    const message = 'Is ignored: the hub starts servers without a sandbox';
    report({ severity: 'warning', at: keyAt, keyPath: keyPath(path, key), message });
  }
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function at(node: ObjectNode, key: string): number {
  return node.members.findLast((member) => member.key === key)?.value.at ?? node.at;
}

import { type ErrorCode, isHubError, onOneLine } from '../../base/index.ts';
import { type ApiClient, connectHub } from '../api-client.ts';
import { type Cell, columns, oneLine } from '../columns.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { isObject, listOf, memberOf, textOf, textsOf } from '../json.ts';
import { timeOf } from '../log-lines.ts';
import { duration } from '../render.ts';
import { missingReplicas, replicaRows } from '../replicas.ts';
import { allServers, KINDS, type ServerInfo, outdatedText, serverNamed, withoutName } from '../servers.ts';
import { printable, type Style } from '../style.ts';

export const command: CommandSpec = {
  configure: (line) => line.argument('[name]', 'tell everything about this server'),
  examples: ['mcp-hub servers', 'mcp-hub servers github', 'mcp-hub servers --json | jq -r ".servers[].name"'],
  async run([name], options, io) {
    const client = await connectHub(options, io);
    const servers = await allServers(client);
    if (name !== undefined) return tellOne(client, serverNamed(servers, name), io);
    if (io.isJson) return io.printJson({ servers: servers.map(({ object }) => object) });
    io.print(servers.length > 0 ? table(servers, io.style) : 'No servers are configured. Add one with "mcp-hub add".');
  },
};

function table(servers: readonly ServerInfo[], style: Style): string {
  const head = ['SERVER', 'STATUS', 'TOOLS', 'PROMPTS', 'RESOURCES', 'UP', ''].map((text) => ({ text, paint: style.quiet }));
  const rows = servers.map((server): Cell[] => {
    const { name, status, offer, uptime, rest, load } = server;
    const problem = onOneLine(withoutName(server) || outdatedText(server));
    return [
      { text: name, paint: style.strong },
      { text: status, paint: rest === '' || status === 'unauthorized' ? paintOf(server, style) : style.quiet },
      String(offer.tools.length),
      String(offer.prompts.length),
      String(offer.resources.length + offer.resourceTemplates.length),
      status === 'connected' ? duration(uptime * 1000) : '-',
      oneLine(status === 'unauthorized' ? rest : problem || rest || missingReplicas(server.object) || load, 100),
    ];
  });
  return columns([head, ...rows]);
}

function paintOf({ status, outdated }: ServerInfo, style: Style): (text: string) => string {
  if (status === 'connected') return outdated === '' ? style.good : style.caution;
  if (status === 'disabled') return style.quiet;
  return status === 'disconnected' ? style.bad : style.caution;
}

async function tellOne(client: ApiClient, server: ServerInfo, io: CommandIo): Promise<void> {
  const environment = await environmentOf(client, server.name);
  if (io.isJson) return io.printJson({ server: server.object, environment });
  const { style } = io;
  const { name, status, uptime, error, object } = server;
  io.print(
    `${style.strong(printable(name))}  ${paintOf(server, style)(status)}${status === 'connected' ? `  up ${duration(uptime * 1000)}` : ''}`,
  );
  const facts: readonly (readonly [string, string])[] = [
    ['name', textOf(object, 'displayName') === name ? '' : textOf(object, 'displayName')],
    ['about', textOf(object, 'description')],
    // In the API every remote server is "sse".
    ['kind', textOf(object, 'transportType') === 'stdio' ? 'local (stdio)' : 'remote (HTTP)'],
    ['config', textOf(object, 'config_source')],
    ['login', textOf(object, 'authorizationUrl')],
    [status === 'unauthorized' ? 'next' : 'rests', server.rest],
    ['calls', server.load],
    ['fails', crashLoopOf(object)],
  ];
  const shown = facts.filter(([, text]) => text !== '');
  io.print(columns(shown.map(([key, text]) => [{ text: `  ${key}`, paint: style.quiet }, text])));
  if (error !== '') io.print(`  ${style.bad('error')}   ${printable(withoutName(server))}`);
  else if (server.outdated !== '') io.print(`  ${style.caution('outdated')}  ${printable(outdatedText(server))}${nextAttemptOf(object)}`);
  else tellLastError(server, io);
  for (const note of textsOf(memberOf(object, 'notes'))) io.print(`  ${style.caution('note')}    ${printable(note)}`);
  list('replicas', replicaRows(object), io);
  for (const kind of KINDS) list(kind === 'resourceTemplates' ? 'resource templates' : kind, server.offer[kind].map(named), io);
  list(
    'environment',
    environment.map((entry) => [textOf(entry, 'name'), textOf(entry, 'value'), textOf(entry, 'from')]),
    io,
  );
}

/** When its entry as it is now is tried again. */
function nextAttemptOf(object: unknown): string {
  const next = textOf(memberOf(object, 'outdated'), 'nextAttemptAt');
  return next === '' ? '' : `\n  The hub tries it again at ${timeOf(next)}, and at once with "mcp-hub reload".`;
}

/** Its last failure, although it runs or rests: of a restart that did not succeed, or of a time before. */
function tellLastError({ name, object }: ServerInfo, { print, style }: CommandIo): void {
  const lastError = memberOf(object, 'lastError');
  const message = textOf(lastError, 'message');
  if (message === '') return;
  const when = textOf(lastError, 'at');
  print(`  ${style.caution('last error')}  ${style.quiet(timeOf(when))} ${printable(withoutName({ name, error: message }))}`);
}

/** That it fails again and again; empty when it does not. */
function crashLoopOf(object: unknown): string {
  const loop = memberOf(object, 'crashLoop');
  return isObject(loop) ? `again and again: ${String(loop['failures'])} times within ten minutes` : '';
}

function named(object: unknown): readonly string[] {
  const name = textOf(object, 'uri') || textOf(object, 'uriTemplate') || textOf(object, 'name');
  return [name, oneLine(textOf(object, 'description') || textOf(object, 'title'), 100)];
}

function list(title: string, rows: readonly (readonly string[])[], io: CommandIo): void {
  if (rows.length > 0) io.print(`\n${io.style.strong(title)}\n${columns(rows.map(([first = '', ...rest]) => [`  ${first}`, ...rest]))}`);
}

/** The variables that its process gets; none for a server that has no process or could not be resolved. */
async function environmentOf(client: ApiClient, name: string): Promise<readonly unknown[]> {
  try {
    return listOf(await client.get(`/api/servers/${encodeURIComponent(name)}/environment`), 'environment').filter(isObject);
  } catch (error) {
    // Expected: a placeholder that cannot be resolved, which stands in the server's error, and hubs that do not tell.
    if (isHubError(error) && !FATAL.includes(error.code)) return [];
    throw error;
  }
}

const FATAL: readonly ErrorCode[] = ['HUB_NOT_FOUND', 'CANCELLED', 'TIMEOUT'];

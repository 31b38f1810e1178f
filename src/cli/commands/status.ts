import { type ApiClient, connectHub, surroundings } from '../api-client.ts';
import { columns } from '../columns.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { socketOf } from '../hub-address.ts';
import { isObject, listOf, memberOf, numberOf, textOf } from '../json.ts';
import { duration, plural } from '../render.ts';
import { type RunningHub, runningHubs } from '../running-hubs.ts';
import { outdatedText, serverInfo, withoutName } from '../servers.ts';
import { printable } from '../style.ts';

export const command: CommandSpec = {
  configure: (line) => line.option('--all', 'all hubs that run, one line each'),
  examples: ['mcp-hub status', 'mcp-hub status --all', 'mcp-hub status --port 37373 --json'],
  async run(_args, options, io) {
    if (options['all'] === true) return tellAll(await runningHubs(surroundings(io)), io);
    tellOne(await connectHub(options, io), io);
  },
};

/** What `--json` gives of one hub. */
function summary(hub: RunningHub): object {
  const { origin, pid, port, entry, health } = hub;
  const servers = listOf(health, 'servers').filter(isObject).map(serverInfo);
  return {
    url: `${origin}/mcp`,
    pid,
    port,
    state: stateOf(hub),
    version: versionOf(health),
    cwd: entry?.cwd,
    config_files: entry?.config_files,
    startTime: entry?.startTime,
    activeClients: memberOf(health, 'activeClients'),
    mcpClients: memberOf(memberOf(health, 'mcpEndpoint'), 'activeClients'),
    otherPorts: others(hub).map(Number),
    servers: servers.map(({ name, status, error, object }) => ({
      name,
      status,
      error: error || null,
      outdated: memberOf(object, 'outdated') ?? null,
      load: memberOf(object, 'load'),
    })),
  };
}

function tellAll(hubs: readonly RunningHub[], io: CommandIo): void {
  if (io.isJson) return io.printJson({ hubs: hubs.map(summary) });
  if (hubs.length === 0) return io.print('No hub runs.');
  const { style } = io;
  const head = ['PORT', 'PID', 'STATE', 'SERVERS', 'STARTED IN', 'CONFIG'].map((text) => ({ text, paint: style.quiet }));
  const rows = hubs.map((hub) => [
    String(hub.port ?? ''),
    String(hub.pid ?? ''),
    stateOf(hub),
    String(listOf(hub.health, 'servers').length),
    hub.entry?.cwd ?? '',
    hub.entry?.config_files.join(', ') ?? '',
  ]);
  io.print(columns([head, ...rows]));
}

function tellOne({ hub }: ApiClient, io: CommandIo): void {
  if (io.isJson) return io.printJson(summary(hub));
  const { style } = io;
  const { origin, entry, health } = hub;
  const facts = [
    ['process', processOf(hub)],
    ['config', entry?.config_files.join(', ') || 'the default file'],
    ['servers', serverCounts(health)],
    ['clients', clientCounts(health)],
    ...(others(hub).length > 0 ? [['others', `on port ${others(hub).join(', ')}; "mcp-hub status --all" tells more`]] : []),
  ];
  io.print(
    `${style.strong(`mcp-hub ${printable(versionOf(health))}`)}  ${painted(stateOf(hub), io)}  ${socketOf(origin) === undefined ? `${origin}/mcp` : origin}`,
  );
  io.print(columns(facts.map(([name = '', text = '']) => [{ text: `  ${name}`, paint: style.quiet }, text])));
  for (const server of listOf(health, 'servers').filter(isObject).map(serverInfo)) {
    const { name, status, error, outdated, load } = server;
    if (load !== '') io.print(`  ${printable(name)}: ${load}`);
    if (outdated !== '') io.print(`  ${style.caution(printable(name))}: ${printable(outdatedText(server))}`);
    if (error !== '' && status !== 'disabled') io.print(`  ${style.bad(printable(name))}: ${printable(withoutName(server))}`);
  }
}

function processOf({ pid, entry }: RunningHub): string {
  const upMs = Date.now() - Date.parse(entry?.startTime ?? '');
  return `pid ${pid ?? '?'}${entry ? `, started in ${entry.cwd}` : ''}${upMs >= 0 ? `, up ${duration(upMs)}` : ''}`;
}

/** The ports of the other hubs that this one knows of. */
function others({ port, health }: RunningHub): readonly string[] {
  const all = memberOf(memberOf(health, 'workspaces'), 'allActive');
  return Object.keys(isObject(all) ? all : {}).filter((key) => key !== String(port) && /^\d+$/.test(key));
}

function versionOf(health: unknown): string {
  return textOf(health, 'hubVersion') || textOf(health, 'version');
}

/** That a hub waits for somebody before it ends stands in the list of hubs alone; for its health it is as ready as ever. */
function stateOf({ entry, health }: RunningHub): string {
  return entry?.state === 'shutting_down' ? entry.state : textOf(health, 'state');
}

function painted(text: string, { style }: CommandIo): string {
  const state = printable(text);
  return state === 'ready' || state === 'restarted' ? style.good(state) : style.caution(state);
}

function serverCounts(health: unknown): string {
  const counts = new Map<string, number>();
  for (const server of listOf(health, 'servers')) counts.set(textOf(server, 'status'), (counts.get(textOf(server, 'status')) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ') || 'none';
}

function clientCounts(health: unknown): string {
  const mcp = numberOf(memberOf(health, 'mcpEndpoint'), 'activeClients') ?? 0;
  const readers = numberOf(memberOf(health, 'connections'), 'totalConnections') ?? 0;
  return `${plural(mcp, 'MCP client')}, ${plural(readers, 'reader')} of events`;
}

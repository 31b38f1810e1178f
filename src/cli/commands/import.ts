import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { HubError, hubPaths } from '../../base/index.ts';
import { editServers, formatDiagnostic, loadConfig } from '../../config/index.ts';
import { type Client, isRecord, type Machine, type Values } from '../clients/client.ts';
import { type ClientFile, readClientFile, writeClientFile } from '../clients/client-file.ts';
import { detectClient } from '../clients/detect.ts';
import { readDocument } from '../clients/document.ts';
import { findServers, type FoundServer, type ImportStep, planImport } from '../clients/import-plan.ts';
import { importTarget, reload } from '../clients/import-target.ts';
import { hubPorts, machineOf } from '../clients/machine.ts';
import type { ApiClient } from '../api-client.ts';
import { showDiff } from '../clients/show-diff.ts';
import { clientNamed, clients } from '../clients/table.ts';
import { tellClients } from '../clients/overview.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { textsOf } from '../json.ts';
import { gather } from '../parse-command.ts';
import { printable } from '../style.ts';

/** `mcp-hub import`: takes servers over from another client's config. */
export const command: CommandSpec = {
  needsNoHub: true,
  configure,
  examples: [
    'mcp-hub import',
    'mcp-hub import claude-desktop --dry-run',
    'mcp-hub import cursor --server github --server postgres',
    'mcp-hub import vscode --rename --config ./mcp-servers.json',
    'mcp-hub import ./.mcp.json',
  ],
  run,
};

function configure(line: Command): void {
  line
    .description(
      'Takes MCP servers over from the config of another client into that of the hub. Without an argument it tells which ' +
        'clients there are on this machine, and how many servers they have. The files of the clients are only read.',
    )
    .argument('[client|file]', `${clients.map(({ id }) => id).join(', ')}, or a config file of one of them`)
    .addOption(new Option('--config <file>', 'the config file to write to (default: that of the running hub, else the default one)'))
    .addOption(new Option('--server <name>', 'only this server; may be repeated').argParser(gather))
    .addOption(new Option('--rename', 'where a name is taken, take the server over under another one').conflicts('overwrite'))
    .addOption(new Option('--overwrite', 'where a name is taken, replace what the hub has'))
    .addOption(new Option('--dry-run', 'show what would change and write nothing'));
}

async function run([source]: readonly string[], options: Values, io: CommandIo): Promise<void> {
  const machine = machineOf(io.process);
  const paths = hubPaths(io.process.env);
  const ports = await hubPorts(paths.stateDir);
  if (source === undefined) return tellClients({ machine, ports }, io);
  if (options['rename'] === true && options['overwrite'] === true) {
    throw new HubError('USAGE', 'Of --rename and --overwrite only one can be meant. Leave one of them out.');
  }
  const { client, found } = await findSource(source, machine);
  const { file: config, hub } = await importTarget(typeof options['config'] === 'string' ? options['config'] : undefined, io);
  const file = await readClientFile(config);
  const before = readDocument({ file: config, format: 'json', text: file.text });
  const servers = textsOf(options['server']);
  checkNames(servers, found, source);
  const onClash = options['rename'] === true ? 'rename' : options['overwrite'] === true ? 'overwrite' : 'skip';
  const steps = planImport({ found, present: serversOf(before), servers, onClash, machine, ports });
  const text = editServers(config, file.text, edits(steps));
  await finish({ client, file, text, before, steps, isDry: options['dryRun'] === true, machine, hub }, io);
}

interface Import {
  readonly client: Client;
  readonly file: ClientFile;
  readonly text: string;
  readonly before: Values;
  readonly steps: readonly ImportStep[];
  readonly isDry: boolean;
  readonly machine: Machine;
  /** The hub that runs with the config file. */
  readonly hub: ApiClient | undefined;
}

async function finish(work: Import, io: CommandIo): Promise<void> {
  const { client, file, text, steps, isDry, machine, hub } = work;
  const added = steps.filter(({ as }) => as !== undefined);
  const after = readDocument({ file: file.path, format: 'json', text });
  const willWrite = added.length > 0 && !isDry;
  if (willWrite) await writeClientFile(file, Buffer.from(text, 'utf8'));
  const warnings = willWrite ? await problemsOf(file.path, added, machine) : [];
  const isReloaded = willWrite && hub !== undefined && (await reload(hub, io));
  if (io.isJson) {
    const servers = steps.map(({ name, file: from, outcome, as, notes }) => ({ name, file: from, outcome, as: as ?? null, notes }));
    return io.printJson({ client: client.id, config: file.path, written: willWrite, reloaded: isReloaded, servers, warnings });
  }
  if (steps.length === 0) io.print(`${client.title} has no MCP servers here.`);
  for (const step of steps) io.print(describeStep(step, io));
  if (added.length > 0) await tellOutcome(work, added.length, after, io);
  if (isReloaded) io.print('The running hub has read it.');
  for (const warning of warnings) io.tell(printable(warning));
}

async function tellOutcome({ file, text, before, isDry }: Import, count: number, after: Values, io: CommandIo): Promise<void> {
  if (isDry) {
    io.print(`\n${await showDiff(file.path, file.text, text, [before, after], io.style)}`);
    io.print(`\nWould write ${count} to ${file.path}; nothing was written.`);
  } else io.print(`\nWrote ${count} to ${file.path}.`);
}

function describeStep({ name, file, outcome, as, notes }: ImportStep, { style }: CommandIo): string {
  const mark = as === undefined ? style.quiet('-') : style.good('+');
  const what = as === undefined ? (outcome === 'same' ? 'already there' : 'skipped') : outcome;
  const lines = notes.map((note) => `    ${style.quiet(printable(note))}`);
  return [`${mark} ${style.strong(printable(name))}  ${what}  ${style.quiet(printable(file))}`, ...lines].join('\n');
}

/** What the hub itself says of the servers that were taken over. */
async function problemsOf(file: string, added: readonly ImportStep[], { env, cwd }: Machine): Promise<string[]> {
  const names = added.map(({ as }) => as);
  const { diagnostics } = await loadConfig({ files: [file], env, cwd, defaultFile: file });
  const own = diagnostics.filter(({ serverId }) => serverId !== undefined && names.includes(serverId));
  return own.map((diagnostic) => `${diagnostic.severity}: ${formatDiagnostic(diagnostic)}`);
}

async function findSource(source: string, machine: Machine): Promise<{ client: Client; found: readonly FoundServer[] }> {
  const client = clientNamed(source);
  if (client) return { client, found: await findServers(client, machine) };
  const path = resolve(machine.cwd, source);
  const file = await readClientFile(path);
  if (!file.bytes) {
    const known = clients.map(({ id }) => id).join(', ');
    throw new HubError('USAGE', `${source} is neither a client nor a file. The clients are ${known}.`, { details: { clients: known } });
  }
  const detected = detectClient(path, file.text);
  return { client: detected, found: await findServers(detected, machine, [{ scope: 'user', path }]) };
}

/** @throws HubError SERVER_NOT_FOUND for a server that the client does not have */
function checkNames(wanted: readonly string[], found: readonly FoundServer[], source: string): void {
  const names = [...new Set(found.map(({ name }) => name))];
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  const there = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`;
  throw new HubError('SERVER_NOT_FOUND', `${source} has no server ${missing.join(', ')}. ${there}`, { details: { missing, names } });
}

function serversOf(document: Values): Values {
  const servers = document['mcpServers'] ?? document['servers'];
  return isRecord(servers) ? servers : {};
}

function edits(steps: readonly ImportStep[]): { kind: 'set'; name: string; entry: Values }[] {
  return steps.flatMap(({ as, entry }) => (as !== undefined && entry ? [{ kind: 'set' as const, name: as, entry }] : []));
}

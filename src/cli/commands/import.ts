import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { HubError, hubPaths } from '../../base/index.ts';
import { formatDiagnostic } from '../../config/index.ts';
import { type Client, isRecord, type Machine, type Values } from '../clients/client.ts';
import { readClientFile } from '../clients/client-file.ts';
import { detectClient } from '../clients/detect.ts';
import { readDocument } from '../clients/document.ts';
import { findServers, type FoundServer, type ImportStep, planImport } from '../clients/import-plan.ts';
import { importTarget, reload } from '../clients/import-target.ts';
import { hubPorts, machineOf } from '../clients/machine.ts';
import type { ApiClient } from '../api-client.ts';
import { clientNamed, clients } from '../clients/table.ts';
import { tellClients } from '../clients/overview.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { setServers } from '../config-file-edits.ts';
import { textsOf } from '../json.ts';
import { paintDiff } from '../paint-diff.ts';
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
  const { file, hub } = await importTarget(typeof options['config'] === 'string' ? options['config'] : undefined, io);
  const { text } = await readClientFile(file);
  const present = serversOf(readDocument({ file, format: 'json', text }));
  const servers = textsOf(options['server']);
  checkNames(servers, found, source);
  const onClash = options['rename'] === true ? 'rename' : options['overwrite'] === true ? 'overwrite' : 'skip';
  const steps = planImport({ found, present, servers, onClash, machine, ports });
  await carryOut({ client, file, steps, isDry: options['dryRun'] === true, machine, hub }, io);
}

interface Import {
  readonly client: Client;
  /** The config file that is written to. */
  readonly file: string;
  readonly steps: readonly ImportStep[];
  readonly isDry: boolean;
  readonly machine: Machine;
  /** The hub that runs with the config file. */
  readonly hub: ApiClient | undefined;
}

async function carryOut({ client, file, steps, isDry, machine, hub }: Import, io: CommandIo): Promise<void> {
  const entries = new Map(steps.flatMap(({ as, entry }) => (as !== undefined && entry ? [[as, entry] as const] : [])));
  const { env, cwd } = machine;
  const warn = (text: string): void => io.tell(`warning: ${printable(text)}`);
  const { diff, refused, diagnostics } = await setServers({ files: [file], env, cwd, warn }, entries, isDry);
  const done = steps.map((step) => withRefusal(step, refused));
  const count = entries.size - refused.size;
  const isWritten = count > 0 && !isDry;
  const isReloaded = isWritten && hub !== undefined && (await reload(hub, io));
  const warnings = isWritten ? diagnostics.map((diagnostic) => `${diagnostic.severity}: ${formatDiagnostic(diagnostic)}`) : [];
  if (io.isJson) {
    const servers = done.map(({ name, file: from, outcome, as, notes }) => ({ name, file: from, outcome, as: as ?? null, notes }));
    return io.printJson({ client: client.id, config: file, written: isWritten, reloaded: isReloaded, servers, warnings });
  }
  if (done.length === 0) io.print(`${client.title} has no MCP servers here.`);
  for (const step of done) io.print(describeStep(step, io));
  if (count > 0) tellFile({ file, count, diff: isDry ? diff : undefined, isReloaded }, io);
  for (const warning of warnings) io.tell(printable(warning));
}

interface Written {
  readonly file: string;
  readonly count: number;
  /** `undefined`: it is written. */
  readonly diff: string | undefined;
  readonly isReloaded: boolean;
}

function tellFile({ file, count, diff, isReloaded }: Written, io: CommandIo): void {
  if (diff !== undefined) io.print(`\n${paintDiff(diff, io.style)}\n\nWould write ${count} to ${file}; nothing was written.`);
  else io.print(`\nWrote ${count} to ${file}.`);
  if (isReloaded) io.print('The running hub has read it.');
}

/** A step whose entry the hub could not use is none. */
function withRefusal(step: ImportStep, refused: ReadonlyMap<string, string>): ImportStep {
  const why = refused.get(step.as ?? '');
  if (why === undefined) return step;
  return { name: step.name, file: step.file, outcome: 'unusable', notes: [why] };
}

function describeStep({ name, file, outcome, as, notes }: ImportStep, { style }: CommandIo): string {
  const mark = as === undefined ? style.quiet('-') : style.good('+');
  const what = as === undefined ? (outcome === 'same' ? 'already there' : 'skipped') : outcome;
  const shown = outcome === 'same' ? [] : notes;
  const lines = shown.map((note) => `    ${style.quiet(printable(note).replaceAll('\n', '\n    '))}`);
  return [`${mark} ${style.strong(printable(name))}  ${what}  ${style.quiet(printable(file))}`, ...lines].join('\n');
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
  const servers = document['servers'] ?? document['mcpServers'];
  return isRecord(servers) ? servers : {};
}

import { Argument, type Command, Option } from 'commander';
import { closest, HubError, hubPaths } from '../../base/index.ts';
import { type Client, clientIds, type Values } from '../clients/client.ts';
import { type ConnectPlan, carryOut, planConnect } from '../clients/connect.ts';
import { readDocument } from '../clients/document.ts';
import { hubTarget } from '../clients/hub-target.ts';
import { tellOfKey } from '../clients/key-notes.ts';
import { hubPorts, machineOf } from '../clients/machine.ts';
import { showDiff } from '../clients/show-diff.ts';
import { clientNamed } from '../clients/table.ts';
import { carryOutUndo, findBackup, planUndo, type UndoPlan } from '../clients/undo.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { DEFAULT_PORT } from '../option-values.ts';
import { gather } from '../parse-command.ts';
import { printable } from '../style.ts';

/** `mcp-hub connect`: writes the hub's entry into the config of a client, and takes it out again. */
export const command: CommandSpec = {
  needsNoHub: true,
  configure,
  examples: [
    'mcp-hub connect claude-code',
    'mcp-hub connect vscode --scope project',
    'mcp-hub connect codex --dry-run',
    'mcp-hub connect claude-desktop --config ~/mcp-servers.json',
    'mcp-hub connect cursor --api-key-file cursor.key',
    'mcp-hub connect cursor --undo',
  ],
  run,
};

function configure(line: Command): void {
  line
    .description(
      "Writes the hub's entry into the config file of a client, in that client's own spelling. Everything else in the file stays as it " +
        'is, and a backup is kept: --undo brings the file back byte by byte.',
    )
    .addArgument(new Argument('<client>', `one of ${clientIds.join(', ')}`))
    .addOption(
      new Option('--scope <scope>', "the person's own file, or that of the project in this folder")
        .choices(['user', 'project'])
        .default('user'),
    )
    .addOption(new Option('--name <name>', 'the name of the entry').default('Hub'))
    .addOption(new Option('--server <name>', 'only this server of the hub, with its own names'))
    .addOption(new Option('--stdio', 'let the client spawn "mcp-hub stdio" instead of giving it the address'))
    .addOption(new Option('--api-key-file <file>', 'write the API key in this file into the entry, for a hub that asks for one'))
    .addOption(new Option('--undo', 'take the entry out again'))
    .addOption(new Option('--dry-run', 'show what would change and write nothing'))
    .addOption(new Option('--port <number>', `the port of the hub (default: that of the running one, else ${DEFAULT_PORT})`))
    .addOption(new Option('--config <file>', 'for a client that spawns: the config file of the hub; may be repeated').argParser(gather));
}

async function run([id = '']: readonly string[], options: Values, io: CommandIo): Promise<void> {
  const client = clientNamed(id);
  if (!client) {
    const guess = closest(id, clientIds);
    const advice = guess === undefined ? `The clients are ${clientIds.join(', ')}.` : `Did you mean ${guess}?`;
    throw new HubError('USAGE', `There is no client ${JSON.stringify(id)}. ${advice}`);
  }
  const machine = machineOf(io.process);
  const { stateDir } = hubPaths(io.process.env);
  const scope = options['scope'] === 'project' ? 'project' : 'user';
  const name = typeof options['name'] === 'string' ? options['name'] : 'Hub';
  if (name.trim() === '') throw new HubError('USAGE', '--name cannot be empty.');
  const isDry = options['dryRun'] === true;
  if (options['undo'] === true) {
    const backup = await findBackup(client, scope, name, { machine, stateDir });
    if (!backup) {
      const message = `There is nothing to undo: no backup of a config file of ${client.title} with the hub as "${name}" is kept in ${stateDir}.`;
      throw new HubError('CONFLICT', `${message} See --scope and --name.`);
    }
    const plan = await planUndo(client.format, backup);
    if (!isDry) await carryOutUndo(plan, stateDir);
    return await tellUndo(client, plan, isDry, io);
  }
  const wish = {
    client,
    scope,
    name,
    machine,
    ports: await hubPorts(stateDir),
    target: await hubTarget(client, scope, options, io),
  } as const;
  const plan = await planConnect(wish);
  await tellOfKey(plan, wish.target, io);
  const backup = isDry || plan.connectedAs !== undefined ? undefined : await carryOut(plan, stateDir);
  await tellConnect(plan, backup, isDry, io);
}

async function tellConnect(plan: ConnectPlan, backup: string | undefined, isDry: boolean, io: CommandIo): Promise<void> {
  const { client, name, file, shownEntry: entry, text, others, connectedAs } = plan;
  if (io.isJson) {
    return io.printJson({
      client: client.id,
      file: file.path,
      name: connectedAs ?? name,
      entry,
      connected: connectedAs !== undefined,
      written: backup !== undefined,
      backup: backup ?? null,
    });
  }
  if (connectedAs === undefined && others.length > 0) {
    const which = `${client.title} has a hub under another name too (${others.map(printable).join(', ')}).`;
    io.tell(`note: ${which} If it is the same one, its tools are there twice: take one of them out.`);
  }
  if (connectedAs !== undefined) return io.print(`${client.title} is connected already, as "${connectedAs}" in ${file.path}.`);
  io.print(await diffOf(client, file.path, file.text, text, io));
  if (isDry) return io.print('\nNothing was written.');
  io.print(`\n${client.title} is connected to the hub, as "${name}" in ${file.path}. It may have to be restarted.`);
  const undo = `"mcp-hub connect ${client.id}${undoOptions(plan)} --undo"`;
  const kept = file.bytes ? `The file as it was is kept in ${backup}; ${undo} brings it back.` : `The file is new; ${undo} removes it.`;
  io.print(io.style.quiet(kept));
}

function undoOptions({ scope, name }: ConnectPlan): string {
  return `${scope === 'project' ? ' --scope project' : ''}${name === 'Hub' ? '' : ` --name ${JSON.stringify(name)}`}`;
}

async function tellUndo(client: Client, plan: UndoPlan, isDry: boolean, io: CommandIo): Promise<void> {
  const { file, backup, kind } = plan;
  if (io.isJson) return io.printJson({ client: client.id, file: backup.path, name: backup.name, undone: isDry ? 'no' : kind });
  const after = kind === 'restore' ? plan.bytes.toString('utf8') : kind === 'edit' ? plan.text : '';
  if (kind !== 'nothing') io.print(await diffOf(client, backup.path, file.text, after, io));
  if (isDry) return io.print('\nNothing was written.');
  const outcomes = {
    restore: `${backup.path} is as it was before, byte by byte.`,
    delete: `${backup.path} is removed: it was not there before.`,
    edit: `${backup.path} was changed since by somebody else, so only the hub's entry was taken out; their changes are kept.`,
    nothing: `There was nothing to undo: ${backup.path} has no such entry any more.`,
  };
  io.print(`${kind === 'nothing' ? '' : '\n'}${outcomes[kind]}`);
}

function diffOf(client: Client, file: string, before: string, after: string, io: CommandIo): Promise<string> {
  const documents = [before, after].map((text) => readDocument({ file, format: client.format, text }));
  return showDiff(file, before, after, documents, io.style);
}

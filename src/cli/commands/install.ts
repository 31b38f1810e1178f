import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { HubError, REDACTED } from '../../base/index.ts';
import type { Installation, RegistryEntry } from '../../hub/index.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { type ConfigEdits, openConfig } from '../config-edits.ts';
import { Asking } from '../install/ask.ts';
import { fillIn } from '../install/fill-in.ts';
import { completeInputs, literalSecrets, readInputs, withoutSecrets } from '../install/inputs.ts';
import { isOnPath, origins } from '../install/on-path.ts';
import { type JsonObject, textsOf } from '../json.ts';
import { withMarketplace } from '../marketplace.ts';
import { paintDiff } from '../paint-diff.ts';
import { gather } from '../parse-command.ts';
import { patiently } from '../patience.ts';
import { checkRuns } from '../server-action.ts';
import { printable } from '../style.ts';

/** Until the hub has started what was installed. */
const WAITING = 'Waiting for the server: its first start may download it.';

type Options = Readonly<Record<string, unknown>>;

/** `mcp-hub install`: writes the entry of a marketplace server into the config. */
export const command: CommandSpec = {
  configure(command) {
    command
      .argument('<id>', 'its id in the marketplace, as "mcp-hub search" shows it')
      .addOption(new Option('--input <KEY=VALUE>', 'a value that it needs; may be repeated').argParser(gather).default([], 'none'))
      .addOption(new Option('--installation <name>', 'which way to run it, where there are several'))
      .addOption(new Option('--name <name>', 'its name in the config (default: made from the id)'))
      .addOption(new Option('-y, --yes', 'ask nothing'))
      .addOption(new Option('--dry-run', 'show the entry and the change of the file; write nothing'));
  },
  examples: [
    'mcp-hub install filesystem',
    'mcp-hub install filesystem --yes --input ALLOWED_DIRECTORY=/srv/files --name files',
    'mcp-hub install io.github.example/weather --installation Docker --dry-run',
  ],
  async run([id = ''], options, io) {
    const server = await withMarketplace(options, io, (marketplace) => marketplace.find(id));
    const { stdin, stdout } = io.process;
    const isAsking = stdin.isTTY && stdout.isTTY && options['yes'] !== true && !io.isJson;
    const asking = isAsking ? new Asking({ input: stdin, output: stdout }) : undefined;
    await install(server, { options, io, asking });
  },
};

interface Context {
  readonly options: Options;
  readonly io: CommandIo;
  /** Absent: nobody is asked. */
  readonly asking: Asking | undefined;
}

/** What is to be written. */
interface Plan {
  readonly name: string;
  readonly installation: string;
  readonly entry: JsonObject;
  /** The entry as it may be shown. */
  readonly shown: JsonObject;
  readonly secrets: readonly string[];
}

async function install(server: RegistryEntry, context: Context): Promise<void> {
  const { options, io, asking } = context;
  const edits = await openConfig(options, io);
  const { name, installation, entry, shown, secrets } = await plan(server, edits, context);
  const planned = await edits.add(name, entry, { dryRun: true });
  const diff = masked(planned.diff, secrets);
  const isDryRun = options['dryRun'] === true;
  if (!io.isJson && (isDryRun || asking))
    io.print(`${printable(JSON.stringify({ [name]: shown }, null, 2))}\n\n${paintDiff(diff, io.style)}`);
  if (asking && !isDryRun && !(await asking.isSure(`Write this to ${planned.file}?`)))
    throw new HubError('CANCELLED', 'Nothing was installed.');
  const { file, server: started } = isDryRun ? planned : await patiently(edits.add(name, entry), WAITING, io);
  const warnings = await missingPrograms(entry, io);
  if (secrets.length > 0) warnings.push(await exposure(resolve(io.process.cwd(), file), isDryRun, io.process.platform));
  const done = isDryRun ? undefined : `Added ${io.style.strong(printable(name))} (${printable(installation)}) to ${file}.`;
  const document = { id: server.id, name, installation, file, dryRun: isDryRun, entry: shown, diff, warnings, server: started ?? null };
  if (io.isJson) io.printJson(document);
  else tellOutcome(io, warnings, done);
  checkRuns(started);
}

/** Chooses and asks, or takes what was given. */
async function plan(server: RegistryEntry, edits: ConfigEdits, context: Context): Promise<Plan> {
  const { options, io, asking } = context;
  const { env } = io.process;
  const installation = await choose(server, context);
  const { parameters } = installation;
  const given = readInputs(textsOf(options['input']), parameters);
  const values = completeInputs(parameters, asking ? await asking.values(parameters, given, env) : given, env);
  return {
    name: await nameOf(server, edits, context),
    installation: installation.name,
    entry: fillIn(installation, values),
    shown: fillIn(installation, withoutSecrets(parameters, values)),
    secrets: literalSecrets(parameters, values),
  };
}

function tellOutcome(io: CommandIo, warnings: readonly string[], done: string | undefined): void {
  for (const warning of warnings) io.tell(printable(`warning: ${warning}`));
  if (done === undefined) io.tell('Nothing was written.');
  else io.print(done);
}

/** @throws HubError USAGE for an unknown name, VALIDATION_ERROR when there is none */
async function choose(server: RegistryEntry, { options, io, asking }: Context): Promise<Installation> {
  const all = server.installations;
  const wanted = options['installation'];
  const names = all.map((one) => one.name);
  if (typeof wanted === 'string') {
    const found = all.find((one) => one.name === wanted) ?? all.find((one) => one.name.toLowerCase() === wanted.toLowerCase());
    if (found) return found;
    throw new HubError('USAGE', `--installation ${wanted}: there is none of that name. There is: ${names.join(', ') || 'none'}.`);
  }
  const [first] = all;
  if (!first) {
    const why = server.notInstallable ?? ['The registry says nothing of how to run it.'];
    throw new HubError('VALIDATION_ERROR', `${server.id} cannot be installed. ${why.join(' ')} See ${server.url || 'its documentation'}.`);
  }
  if (all.length === 1) return first;
  if (asking) return (await asking.installation(all)) ?? first;
  const runnable = await Promise.all(all.map((one) => isRunnable(one, io)));
  const taken = all.find((_, at) => runnable[at]) ?? first;
  io.tell(printable(`note: of ${names.join(', ')} this takes ${taken.name}; choose with --installation.`));
  return taken;
}

async function nameOf(server: RegistryEntry, edits: ConfigEdits, { options, asking }: Context): Promise<string> {
  if (typeof options['name'] === 'string') return options['name'];
  const suggestion = (server.id.split('/').at(-1) ?? '').replace(/[^\w.-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'server';
  return asking ? asking.name(suggestion, await edits.names()) : suggestion;
}

async function isRunnable(installation: Installation, io: CommandIo): Promise<boolean> {
  try {
    return (await missingPrograms(fillIn(installation, new Map()), io)).length === 0;
  } catch {
    // Expected: VALIDATION_ERROR. It is told when it is chosen.
    return false;
  }
}

async function missingPrograms(entry: JsonObject, { process }: CommandIo): Promise<string[]> {
  const { command: program } = entry;
  if (typeof program !== 'string' || (await isOnPath(program, process.env, process.platform))) return [];
  const origin = Object.hasOwn(origins, program) ? ` ${origins[program]}` : '';
  return [`${program} is not on the PATH, and the server cannot start without it.${origin}`];
}

/** Who can read the file with the secrets in it. */
async function exposure(file: string, isDryRun: boolean, platform: NodeJS.Platform): Promise<string> {
  const text = isDryRun ? 'A secret would stand in the file as it is' : `A secret stands in ${file} as it is`;
  // On Windows the mode says nothing of who may read.
  const mode = isDryRun || platform === 'win32' ? 0 : (await stat(file)).mode;
  const others = (mode & 0o077) === 0 ? '' : `, and others can read the file: run "chmod 600 ${file}"`;
  return `${text}${others}. The environment keeps it out of the file: --input KEY='\${env:KEY}'.`;
}

function masked(text: string, secrets: readonly string[]): string {
  const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  return spellings.reduce((result, secret) => result.replaceAll(secret, REDACTED), text);
}

import { type Command, Option } from 'commander';
import { HubError, hubPaths } from '../../base/index.ts';
import { type Diagnostic, formatDiagnostic, type HubConfig } from '../../config/index.ts';
import { checkConfig, checkPlaceholders } from '../check-config.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { textsOf } from '../json.ts';
import { gather } from '../parse-command.ts';
import { plural } from '../render.ts';
import { printable } from '../style.ts';

/** `mcp-hub validate`: tells what the hub would say of a config, without starting anything. */
export const command: CommandSpec = {
  needsNoHub: true,
  configure,
  examples: ['mcp-hub validate', 'mcp-hub validate --config ./mcp-servers.json --resolve', 'mcp-hub validate --json'],
  run,
};

function configure(line: Command): void {
  line
    .description(
      'Checks the config files as the hub reads them, and tells every error and warning with its place. Nothing is started. Exit code 0 when ' +
        'there is no error, else 1.',
    )
    .addOption(
      new Option('--config <file>', 'config file; may be repeated, as for the hub (default: the XDG config file)').argParser(gather),
    )
    .addOption(new Option('--resolve', 'also resolve the placeholders, as the start of each server would'))
    .addOption(new Option('--run-commands', 'with --resolve: run the commands in placeholders too'))
    .addOption(new Option('--strict', 'count warnings as errors'));
}

async function run(_: readonly string[], options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void> {
  const { env } = io.process;
  const cwd = io.process.cwd();
  const isResolving = options['resolve'] === true;
  if (options['runCommands'] === true && !isResolving) throw new HubError('USAGE', '--run-commands goes with --resolve.');
  const { defaultConfigFile: defaultFile } = hubPaths(env);
  const { config, diagnostics: found } = await checkConfig({ files: textsOf(options['config']), defaultFile, env, cwd });
  const how = { env, cwd, runCommands: options['runCommands'] === true, signal: io.signal };
  const unresolved = config && isResolving ? await checkPlaceholders(config, how) : [];
  tell({ config, diagnostics: [...found, ...unresolved], isStrict: options['strict'] === true }, io);
}

interface Outcome {
  readonly config: HubConfig | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly isStrict: boolean;
}

function tell({ config, diagnostics, isStrict }: Outcome, io: CommandIo): void {
  const count = (severity: Diagnostic['severity']): number => diagnostics.filter((one) => one.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const isValid = errors === 0 && !(isStrict && warnings > 0);
  if (!isValid) io.endWith(1);
  const servers = config?.servers.map(({ id, kind, disabled }) => ({ name: id, kind, disabled })) ?? [];
  if (io.isJson) return io.printJson({ valid: isValid, errors, warnings, files: config?.files ?? null, servers, diagnostics });
  for (const diagnostic of diagnostics) {
    const { severity } = diagnostic;
    io.print(`${severity === 'error' ? io.style.bad(severity) : io.style.caution(severity)}: ${printable(formatDiagnostic(diagnostic))}`);
  }
  const counts = `${plural(errors, 'error')}, ${plural(warnings, 'warning')}`;
  io.print(config ? `${plural(servers.length, 'server')}, ${counts}.` : `The hub would not start with this: ${counts}.`);
}

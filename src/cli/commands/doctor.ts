import { type Command, Option } from 'commander';
import { HubError, type HubPaths, hubPaths, systemClock } from '../../base/index.ts';
import { WorkspaceFile } from '../../hub/index.ts';
import { hubPorts, machineOf } from '../clients/machine.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { clientFindings } from '../doctor/client-findings.ts';
import { configFindings } from '../doctor/config-findings.ts';
import type { Finding } from '../doctor/finding.ts';
import { hubFindings, portFinding } from '../doctor/hub-findings.ts';
import { folderFindings, nodeFinding, proxyFinding } from '../doctor/machine-findings.ts';
import { textsOf } from '../json.ts';
import { DEFAULT_PORT, wholeNumber } from '../option-values.ts';
import { gather } from '../parse-command.ts';
import { printable } from '../style.ts';

/** `mcp-hub doctor`: one look at everything that the hub stands on. */
export const command: CommandSpec = { needsNoHub: true, configure, examples: ['mcp-hub doctor', 'mcp-hub doctor --json'], run };

function configure(line: Command): void {
  line
    .description(
      'Looks at everything the hub stands on, and says what to do where something is wrong. Nothing is changed. Exit code 1 when something fails.',
    )
    .addOption(
      new Option(
        '--config <file>',
        'config file; may be repeated, as for the hub (default: those of the running hub, else the XDG config file)',
      ).argParser(gather),
    )
    .addOption(new Option('--port <number>', `the port that the hub is to have (default: ${DEFAULT_PORT})`));
}

async function run(_: readonly string[], options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void> {
  const { env, platform, versions } = io.process;
  const errors: string[] = [];
  const port = wholeNumber('--port', options['port'], 65_535, 'a port is', errors) ?? DEFAULT_PORT;
  if (errors.length > 0) throw new HubError('USAGE', errors.join('\n'));
  const machine = machineOf(io.process);
  const paths = hubPaths(env);
  const check = { ...(await filesToCheck(textsOf(options['config']), paths, machine.cwd)), defaultFile: paths.defaultConfigFile, env };
  const findings: readonly Finding[] = [
    nodeFinding(versions.node),
    ...(await configFindings(check, machine)),
    await portFinding(port, platform),
    ...(await hubFindings(paths.stateDir, io.signal)),
    ...(await folderFindings(paths)),
    proxyFinding(env),
    ...(await clientFindings({ machine, ports: await hubPorts(paths.stateDir) })),
  ];
  const failures = findings.filter(({ level }) => level === 'fail').length;
  const warnings = findings.filter(({ level }) => level === 'warn').length;
  if (failures > 0) io.endWith(1);
  if (io.isJson) return io.printJson({ healthy: failures === 0, failures, warnings, findings });
  for (const finding of findings) io.print(describe(finding, io));
  io.print(failures + warnings === 0 ? '\nEverything is well.' : `\n${failures} failed, ${warnings} to look at.`);
}

/** The config files that are named, or else those of the hub that runs, where it is the only one. */
async function filesToCheck(
  named: readonly string[],
  { stateDir }: HubPaths,
  cwd: string,
): Promise<{ files: readonly string[]; cwd: string }> {
  const running = Object.values(await new WorkspaceFile({ stateDir, clock: systemClock }).read());
  const [hub] = running;
  return hub && running.length === 1 && named.length === 0 ? { files: hub.config_files, cwd: hub.cwd } : { files: named, cwd };
}

function describe({ area, level, text, remedy }: Finding, { style }: CommandIo): string {
  const mark = { ok: style.good('ok  '), warn: style.caution('warn'), fail: style.bad('FAIL') }[level];
  return `${mark}  ${area.padEnd(8)} ${printable(text)}${remedy === undefined ? '' : `\n                ${style.quiet(printable(remedy))}`}`;
}

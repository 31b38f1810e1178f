import { type Command, Option } from 'commander';
import { hubPaths, isHubError } from '../../base/index.ts';
import { hubChoice, surroundings } from '../api-client.ts';
import { hubPorts, machineOf } from '../clients/machine.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { clientFindings } from '../doctor/client-findings.ts';
import { configFindings } from '../doctor/config-findings.ts';
import { type Finding, warn } from '../doctor/finding.ts';
import { hubFindings, portFinding } from '../doctor/hub-findings.ts';
import { folderFindings, nodeFinding, proxyFinding } from '../doctor/machine-findings.ts';
import { serverFindings } from '../doctor/server-findings.ts';
import { DEFAULT_PORT } from '../option-values.ts';
import { gather } from '../parse-command.ts';
import { chooseHubIfAny, type HubChoice, type RunningHub } from '../running-hubs.ts';
import { printable } from '../style.ts';

/** In front of what stands below a finding. */
const MARGIN = ' '.repeat(16);

/** `mcp-hub doctor`: one look at everything that the hub stands on. */
export const command: CommandSpec = { needsNoHub: true, configure, examples: ['mcp-hub doctor', 'mcp-hub doctor --json'], run };

function configure(line: Command): void {
  line
    .description(
      'Looks at everything the hub stands on, asks the one that runs about its servers, and says what to do where something is wrong. ' +
        'Nothing is changed. Exit code 1 when something fails.',
    )
    .addOption(
      new Option(
        '--config <file>',
        'config file; may be repeated, as for the hub (default: those of the hub of this folder, or of the only one that runs, else the XDG config file)',
      ).argParser(gather),
    )
    .addOption(new Option('--port <number>', `the port that the hub is to have (default: ${DEFAULT_PORT})`));
}

async function run(_: readonly string[], options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void> {
  const { env, platform, versions } = io.process;
  const { port: named, configFiles: files } = hubChoice(options);
  const port = named ?? DEFAULT_PORT;
  const here = machineOf(io.process);
  const paths = hubPaths(env);
  const { hub, unclear } = await meantHub({ port: named, configFiles: files }, io);
  const config = files.length === 0 && hub?.entry ? { files: hub.entry.config_files, cwd: hub.entry.cwd } : { files, cwd: here.cwd };
  const findings: readonly Finding[] = [
    nodeFinding(versions.node),
    ...(await configFindings({ ...config, defaultFile: paths.defaultConfigFile, env }, { ...here, cwd: config.cwd })),
    await portFinding(port, platform),
    ...(await hubFindings(paths.stateDir, io.signal)),
    ...unclear,
    ...(hub ? await serverFindings(hub, io.signal) : []),
    ...(await folderFindings(paths)),
    proxyFinding(env),
    ...(await clientFindings({ machine: here, ports: await hubPorts(paths.stateDir) }, port)),
  ];
  const failures = findings.filter(({ level }) => level === 'fail').length;
  const warnings = findings.filter(({ level }) => level === 'warn').length;
  if (failures > 0) io.endWith(1);
  if (io.isJson) return io.printJson({ healthy: failures === 0, failures, warnings, findings });
  for (const finding of findings) io.print(describe(finding, io));
  io.print(failures + warnings === 0 ? '\nEverything is well.' : `\n${failures} failed, ${warnings} to look at.`);
}

/** The hub that other commands would ask, if one runs; and that it is not clear which, where they would say so. */
async function meantHub(choice: HubChoice, io: CommandIo): Promise<{ hub?: RunningHub | undefined; unclear: readonly Finding[] }> {
  try {
    const { port, configFiles } = choice;
    // The port is the one that a hub is to have: where none has it yet, the config is still that of this folder.
    const there = port === undefined || port === 0 ? undefined : await chooseHubIfAny({ port, configFiles }, surroundings(io));
    return { hub: there ?? (await chooseHubIfAny({ configFiles }, surroundings(io))), unclear: [] };
  } catch (error) {
    if (!isHubError(error, 'HUB_NOT_FOUND')) throw error;
    const text = 'Several hubs run, and which one is meant is not clear: their servers are not looked at.';
    return { unclear: [warn('server', text, 'Say which one with --port, or do it in the folder where it was started.')] };
  }
}

function describe({ area, level, text, remedy }: Finding, { style }: CommandIo): string {
  const mark = { ok: style.good('ok  '), warn: style.caution('warn'), fail: style.bad('FAIL') }[level];
  return `${mark}  ${area.padEnd(8)} ${aligned(text)}${remedy === undefined ? '' : `\n${MARGIN}${style.quiet(aligned(remedy))}`}`;
}

/** Under the first line, where there are several. */
const aligned = (text: string): string => printable(text).replaceAll('\n', `\n${MARGIN}`);

import { isHubError, messageOf, withoutKeys } from '../base/index.ts';
import { type ProcessIo, processIo, signalExitCode } from './command-io.ts';
import type { CommandEntry } from './command-table.ts';
import { describeError } from './diagnostics.ts';
import { exitCodeOf } from './exit-codes.ts';
import { commandHelp, parseCommand } from './parse-command.ts';
import { takeConsole } from './take-console.ts';
import { printable } from './style.ts';

export interface CommandLine {
  readonly name: string;
  readonly entry: CommandEntry;
  /** Without the name. */
  readonly args: readonly string[];
}

/** Runs one command of the table to its end. Never rejects: what goes wrong is told, and gives the exit code. */
export async function runCommand(process: NodeJS.Process, { name, entry, args }: CommandLine, version: string): Promise<void> {
  const { command: spec } = await entry.load();
  const named = { name, summary: entry.summary, spec };
  const parsed = parseCommand(named, args);
  const end = args.indexOf('--');
  const io = processIo(process, { version, isJson: (end < 0 ? args : args.slice(0, end)).includes('--json') });
  takeConsole(globalThis.console, () => {
    // What libraries print stands in nobody's way: it would break a JSON document, and may quote a secret.
  });
  try {
    if (parsed.kind === 'help') io.print(commandHelp(named));
    else if (parsed.kind === 'wrong') tellWrong(io, parsed.errors, `mcp-hub ${name} --help`);
    else await spec.run(parsed.args, parsed.options, io);
  } catch (error) {
    fail(io, error, `mcp-hub ${name} --help`);
  } finally {
    io.dispose();
  }
}

function tellWrong(io: ProcessIo, wrong: readonly string[], help: string): void {
  const errors = wrong.map(withoutKeys);
  io.endWith(1);
  if (io.isJson) return io.printJson({ error: errors.join(' '), code: 'USAGE', data: { errors } });
  for (const error of errors) io.tell(`error: ${printable(error)}`);
  io.tell(`Run "${help}" for help. Nothing was done.`);
}

function fail(io: ProcessIo, error: unknown, help: string): void {
  const ended = io.endedBy();
  if (ended !== undefined) {
    io.process.exitCode = signalExitCode(ended);
    return;
  }
  // Only the hub's own end, when somebody asked for it, is no failure.
  io.endWith(exitCodeOf(error) || 3);
  if (io.isJson && !io.hasPrinted()) return io.printJson(problemOf(error));
  for (const line of describeError(error)) io.tell(printable(line));
  if (isHubError(error, 'USAGE')) io.tell(`Run "${help}" for help. Nothing was done.`);
  if (isHubError(error, 'CONFIG_ERROR')) io.tell('Nothing was done.');
}

/** A failure as the management API writes them. */
function problemOf(error: unknown): object {
  if (isHubError(error)) return { error: error.message, code: error.code, data: error.details };
  return { error: messageOf(error), code: 'UNHANDLED_ERROR', data: {} };
}

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { HubError, lastOutput, shortened } from '../../base/index.ts';
import type { StdioLaunch } from '../launch.ts';
import type { LogLine } from '../types.ts';

/** How a process ended. Code and signal are both `null` when the platform did not say. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether the hub had to use a signal. */
  readonly forced: boolean;
}

const LINES_IN_DETAILS = 20;
/** A shell makes the home folder of it, and there is none here. */
const NO_TILDE = '"~" is not replaced here. Write ${userHome} for it.';

/** A process whose end nobody asked for. `lines` are redacted already. */
export function exitError(id: string, launch: StdioLaunch, exit: ProcessExit, lines: readonly LogLine[]): HubError {
  const texts = lines.map(({ text }) => text);
  const message = `Server "${id}" ${howItEnded(exit)}${hint(exit, launch)}.${lastOutput(texts)}`;
  return new HubError('UPSTREAM_EXITED', message, {
    details: { server: id, exitCode: exit.code, signal: exit.signal, stderr: texts.slice(-LINES_IN_DETAILS) },
  });
}

function howItEnded({ code, signal, forced }: ProcessExit): string {
  if (forced) return 'closed its standard input or output, could not be talked to any more and was ended';
  if (signal !== null) return `was ended by the signal ${signal}`;
  return code === null ? 'ended' : `exited with code ${code}`;
}

function hint({ code, signal, forced }: ProcessExit, launch: StdioLaunch): string {
  if (forced) return '';
  if (signal === 'SIGKILL') return ' (often the system does that when memory runs out)';
  if (code === 127) return ` (usually: something that "${launch.label}" runs was not found)`;
  if (code === 126) return ` (usually: something that "${launch.label}" runs is not executable)`;
  return '';
}

/**
 * A process that could not be started. The error that the platform gave is not passed on, not even as a cause: it holds
 * the resolved command line.
 */
export async function spawnError(id: string, launch: StdioLaunch, error: unknown): Promise<HubError> {
  const errno = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
  const why = (await badFolder(launch)) ?? badCommand(launch, errno);
  return new HubError('CONNECTION_ERROR', `Server "${id}" could not be started: ${why}`, { details: { server: id, errno } });
}

/** A working directory that is not there looks like a command that is not there (ENOENT), so it is looked at first. */
async function badFolder({ cwd, redact }: StdioLaunch): Promise<string | undefined> {
  if (cwd === undefined) return undefined;
  const shown = shortened(redact(cwd));
  if (isOfHome(cwd)) return `its working directory "${shown}" is not a folder: ${NO_TILDE}`;
  try {
    if ((await stat(cwd)).isDirectory()) return undefined;
    return `its working directory "${shown}" is not a folder. Correct "cwd".`;
  } catch {
    // Expected: ENOENT, ENOTDIR, EACCES; whichever it is, it cannot be the working directory.
    return `its working directory "${shown}" does not exist or cannot be read. Create it or correct "cwd".`;
  }
}

function badCommand(launch: StdioLaunch, errno: string): string {
  const command = launch.command.reveal();
  switch (errno) {
    case 'ENOENT':
      if (isOfHome(command)) return `there is no program "${launch.label}": ${NO_TILDE}`;
      if (isCommandLine(command))
        return `there is no program "${launch.label}". Put the program alone into "command", and each of its arguments into "args".`;
      return /[\\/]/.test(command)
        ? `the command of "${launch.label}" does not exist (or the interpreter that its first line names). Correct "command".`
        : `the command of "${launch.label}" was not found on its PATH. Install it, or write its full path into "command".`;
    case 'EACCES':
    case 'EPERM':
      return `the command of "${launch.label}" may not be run (${errno}). Make it executable (chmod +x) or correct "command".`;
    case 'E2BIG':
      return `the arguments and environment of "${launch.label}" are too large for the system (E2BIG).`;
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return `the system has no room for another process or file (${errno}). Raise its limits or stop something.`;
    default:
      return `the system refused to run "${launch.label}" (${errno}). Check "command", "args" and "env".`;
  }
}

/** Whether more than a program seems to stand there: the name of a program, or the path of one that is there, and a space behind it. */
function isCommandLine(command: string): boolean {
  const [program = ''] = /^\S+(?=\s+\S)/.exec(command) ?? [];
  return program !== '' && (!/[\\/]/.test(program) || existsSync(program));
}

function isOfHome(path: string): boolean {
  return path === '~' || /^~[\\/]/.test(path);
}

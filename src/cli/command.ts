import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';
import type { Style } from './style.ts';

/** What a command writes to, and knows of where it runs. */
export interface CommandIo {
  readonly process: NodeJS.Process;
  readonly version: string;
  /** `--json` was given: standard output gets one JSON document and nothing else. */
  readonly isJson: boolean;
  /** Colours for standard output, where it is a terminal. */
  readonly style: Style;
  /** Aborts when the person wants the command to end (Ctrl-C, SIGTERM); whatever it waits for ends with it. */
  readonly signal: AbortSignal;
  /** One line, or several, on standard output. */
  print(text: string): void;
  /** The JSON document of a command that was asked for JSON; of one that follows something, one line of many. */
  printJson(value: unknown): void;
  /** A line for the person on standard error. */
  tell(text: string): void;
  /** The exit code of a command that has told its outcome itself, where it is not 0. */
  endWith(exitCode: ExitCode): void;
}

/** One command of the command line, in a file of its own that is loaded when it is used. */
export interface CommandSpec {
  /**
   * Adds its arguments, options and, where the summary in the table is too short, its description. `--json`, `--help` and,
   * unless {@link needsNoHub}, the options that find a hub (`--port`, `--hub`, `--config`) are added to every command.
   */
  configure(command: Command): void;
  /** Lines that show how it is used, each a whole command line. */
  readonly examples: readonly string[];
  /** It never looks for a running hub. Such a command may define `--port`, `--hub` and `--config` for itself. */
  readonly needsNoHub?: boolean;
  /** Behind its first argument stands the command line of another program, whose options are not its own. */
  readonly takesProgram?: true;
  /**
   * Does it.
   *
   * @param args the arguments; what stands after `--` is at their end
   * @param options by camelCase name, as commander gives them
   * @throws HubError for what goes wrong; its code gives the exit code
   */
  run(args: readonly string[], options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void>;
}

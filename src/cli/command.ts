import type { Command } from 'commander';
import type { Style } from './style.ts';

/** What a command writes to, and knows of where it runs. */
export interface CommandIo {
  readonly process: NodeJS.Process;
  readonly version: string;
  /** `--json` was given: standard output gets one JSON document and nothing else. */
  readonly isJson: boolean;
  /** Colours for standard output, where it is a terminal. */
  readonly style: Style;
  /** One line, or several, on standard output. */
  print(text: string): void;
  /** The JSON document of a command that was asked for JSON. */
  printJson(value: unknown): void;
  /** A line for the person on standard error. */
  tell(text: string): void;
}

/** One command of the command line, in a file of its own that is loaded when it is used. */
export interface CommandSpec {
  /** Adds its arguments, options and description. `--json`, `--help` and the options that find a hub are added to every command. */
  configure(command: Command): void;
  /** Lines that show how it is used, each a whole command line. */
  readonly examples: readonly string[];
  /** Does it. @throws HubError for what goes wrong; its code gives the exit code */
  run(args: readonly string[], options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void>;
}

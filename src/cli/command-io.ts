import { jsonText } from '../base/index.ts';
import type { CommandIo } from './command.ts';
import { endWithOutput } from './output-end.ts';
import { styleFor } from './style.ts';

/** A {@link CommandIo} on the process's own streams. */
export interface ProcessIo extends CommandIo {
  /** The signal that asked for the end, once one has come. */
  endedBy(): NodeJS.Signals | undefined;
  /** Whether a JSON document has been printed. */
  hasPrinted(): boolean;
  dispose(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the process's signals until it is disposed of: the first one asks the command to end, the second ends the process. */
export function processIo(process: NodeJS.Process, { version, isJson }: { version: string; isJson: boolean }): ProcessIo {
  const stop = new AbortController();
  let endedBy: NodeJS.Signals | undefined;
  let hasPrinted = false;
  const onSignal = (name: NodeJS.Signals): void => {
    if (endedBy !== undefined) process.exit(signalExitCode(name));
    endedBy = name;
    stop.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  endWithOutput(process);
  const line = (stream: NodeJS.WriteStream, text: string): void => void stream.write(text.endsWith('\n') ? text : `${text}\n`);
  return {
    process,
    version,
    isJson,
    style: styleFor(process.stdout, process.env),
    signal: stop.signal,
    print: (text) => line(process.stdout, text),
    printJson: (value) => {
      hasPrinted = true;
      line(process.stdout, terminalSafe(jsonText(value, isJson && process.stdout.isTTY ? 2 : undefined)));
    },
    tell: (text) => line(process.stderr, text),
    endWith: (exitCode) => {
      process.exitCode = exitCode;
    },
    endedBy: () => endedBy,
    hasPrinted: () => hasPrinted,
    dispose: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

/** The same document; of the control characters JSON itself escapes only a part. */
function terminalSafe(json: string): string {
  return json.replace(/[\u007F-\u009F]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** What shells give a process that a signal has ended. */
export function signalExitCode(name: NodeJS.Signals): number {
  return 128 + ({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[String(name)] ?? 0);
}

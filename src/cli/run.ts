import { isIPv6 } from 'node:net';
import { withoutKeys } from '../base/index.ts';
import { type Invocation, parseArgs, unknownCommand } from './args.ts';
import { commandEntry } from './command-table.ts';
import { helpOf, overview } from './help.ts';
import { endWithOutput } from './output-end.ts';

/** Options that may stand before a command's name as well. */
const ANYWHERE: readonly string[] = ['--json', '--help', '-h'];

/** Runs the command that `args` ask for; what is wrong with them is told on stderr, all at once, with exit code 1. */
export async function run(process: NodeJS.Process, args: readonly string[], version: string): Promise<void> {
  const at = args.findIndex((text) => !ANYWHERE.includes(text));
  const name = args[at];
  const entry = name === undefined ? undefined : commandEntry(name);
  if (name === 'help') return help(process, args[at + 1]);
  if (name !== undefined && entry) {
    const { runCommand } = await import('./run-command.ts');
    return runCommand(process, { name, entry, args: args.toSpliced(at, 1) }, version);
  }
  const invocation = parseArgs(args);
  switch (invocation.kind) {
    case 'help':
      endWithOutput(process);
      process.stdout.write(args.includes('serve') || args.includes('stdio') ? invocation.text : overview());
      return;
    case 'wrong':
      return tellWrong(process, invocation, args.includes('--json'));
    case 'stdio': {
      const { runStdio } = await import('./commands/stdio.ts');
      return runStdio({ options: invocation.options, process });
    }
    case 'serve': {
      const loading = import('./start-serving.ts');
      // Node finds out with a large regular expression that ::1 is an address. Compiled now, while files are read, it does not hold
      // up those who wait at 127.0.0.1 already.
      setImmediate(() => isIPv6('::1'));
      const { startServing } = await loading;
      await startServing(process, invocation.options, version);
    }
  }
}

async function help(process: NodeJS.Process, name: string | undefined): Promise<void> {
  endWithOutput(process);
  const text = name === undefined || name.startsWith('-') ? overview() : await helpOf(name);
  if (text !== undefined) process.stdout.write(text);
  else tellWrong(process, { errors: [unknownCommand(name ?? '')], help: 'mcp-hub --help' }, false);
}

function tellWrong(process: NodeJS.Process, wrong: Pick<Invocation & { kind: 'wrong' }, 'errors' | 'help'>, isJson: boolean): void {
  const errors = wrong.errors.map(withoutKeys);
  endWithOutput(process);
  process.exitCode = 1;
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ error: errors.join(' '), code: 'USAGE', data: { errors } })}\n`);
    return;
  }
  for (const error of errors) process.stderr.write(`error: ${error}\n`);
  process.stderr.write(`Run "${wrong.help}" for all options. Nothing was started.\n`);
}

import { parseArgs } from './args.ts';

/** Runs the command that `args` ask for; what is wrong with them is told on stderr, all at once, with exit code 1. */
export async function run(process: NodeJS.Process, args: readonly string[], version: string): Promise<void> {
  const invocation = parseArgs(args);
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(invocation.text);
      return;
    case 'wrong':
      for (const error of invocation.errors) process.stderr.write(`error: ${error}\n`);
      process.stderr.write(`Run "${invocation.help}" for all options. Nothing was started.\n`);
      process.exitCode = 1;
      return;
    case 'stdio': {
      const { runStdio } = await import('./commands/stdio.ts');
      return runStdio({ options: invocation.options, process });
    }
    case 'serve': {
      const { startServing } = await import('./start-serving.ts');
      await startServing(process, invocation.options, version);
    }
  }
}

import { constants } from 'node:os';
import { Processes } from './processes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does `work` with processes that are all gone afterwards, also when it fails or the user ends it (Ctrl-C, a closed terminal). */
export async function withProcesses(work: (processes: Processes) => Promise<void>): Promise<void> {
  const processes = new Processes();
  let interrupted = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    interrupted = true;
    void processes.close().finally(() => process.exit(128 + constants.signals[signal]));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    processes.open();
    await work(processes);
  } catch (error) {
    // After a signal, that a process has ended is no news.
    if (interrupted) return;
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await processes.close();
    // The handler of a signal has the last word.
    if (interrupted) await new Promise(() => undefined);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

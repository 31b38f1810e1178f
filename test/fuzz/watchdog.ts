import { Worker } from 'node:worker_threads';

/** Longest between two batches, in milliseconds, before the process is taken to hang. */
const PATIENCE_MS = 180_000;

const CODE = `
  const { parentPort } = require('node:worker_threads');
  let timer;
  parentPort.on('message', ({ what, ms }) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      require('node:fs').writeSync(2, 'Nothing has moved for ' + ms + ' ms: ' + what + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }, ms);
  });
`;

/** Ends a process whose event loop a case never gives back, and says which batch it was. */
export function watchdog(): { feed(what: string): void; stop(): Promise<void> } {
  const worker = new Worker(CODE, { eval: true });
  worker.unref();
  return {
    feed: (what) => worker.postMessage({ what, ms: PATIENCE_MS }),
    stop: async () => void (await worker.terminate()),
  };
}

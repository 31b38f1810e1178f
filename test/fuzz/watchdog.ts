import { Worker } from 'node:worker_threads';

/** Longest between two batches, in milliseconds, before the process is taken to hang. */
const PATIENCE_MS = 180_000;
/** Longest note of what is running, in bytes. */
const NOTE_BYTES = 256;

/** A thread of its own: the one that hangs could not tell. The first number counts the batches, the rest is the note. */
const CODE = `
  const { workerData: { shared, patienceMs } } = require('node:worker_threads');
  const beats = new Int32Array(shared, 0, 1);
  let seen = -1;
  setInterval(() => {
    const now = Atomics.load(beats, 0);
    if (now !== seen) return void (seen = now);
    const note = Buffer.from(new Uint8Array(shared, 4)).toString().replace(/\\0/g, '');
    require('node:fs').writeSync(2, 'Nothing has moved for a while: ' + note + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }, patienceMs);
`;

/** Ends a process whose event loop a case never gives back, and says which batch it was. */
export function watchdog(): { feed(what: string): void; stop(): Promise<void> } {
  const shared = new SharedArrayBuffer(4 + NOTE_BYTES);
  const worker = new Worker(CODE, { eval: true, workerData: { shared, patienceMs: PATIENCE_MS } });
  worker.unref();
  return {
    feed: (what) => {
      new Uint8Array(shared, 4).fill(0).set(Buffer.from(what).subarray(0, NOTE_BYTES));
      Atomics.add(new Int32Array(shared, 0, 1), 0, 1);
    },
    stop: async () => void (await worker.terminate()),
  };
}

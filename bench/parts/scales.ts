/**
 * Loaded into a process whose calls are weighed: counts the JavaScript functions that are called and the bytes of heap that are
 * allocated from one question of the parent process to the next. Unlike time, both are the same on a busy machine.
 */
import { Session } from 'node:inspector/promises';
import { GCProfiler, getHeapStatistics } from 'node:v8';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
// Also keeps functions from being inlined, so that each call counts.
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

let collections = new GCProfiler();
let heapBefore = 0;

/** Everything that was used at some time since the last question: what each garbage collection found, less what the one before left. */
function allocatedBytes(): number {
  const now = usedHeap();
  let left = heapBefore;
  let sum = 0;
  for (const { beforeGC, afterGC } of collections.stop()?.statistics ?? []) {
    sum += beforeGC.heapStatistics.usedHeapSize - left;
    left = afterGC.heapStatistics.usedHeapSize;
  }
  return sum + now - left;
}

async function calledFunctions(): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result.flatMap(({ functions }) => functions).reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
}

function usedHeap(): number {
  return getHeapStatistics().used_heap_size;
}

async function weigh(): Promise<void> {
  const bytes = allocatedBytes();
  const calls = await calledFunctions();
  // What the weighing itself has called and allocated does not count.
  await session.post('Profiler.takePreciseCoverage');
  collections = new GCProfiler();
  collections.start();
  heapBefore = usedHeap();
  process.send?.({ bytes, calls });
}

process.on('message', (message) => {
  if (message === 'weigh') void weigh();
});
// To be asked is no reason to stay.
process.channel?.unref();

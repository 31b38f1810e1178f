import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** By how much the heap may grow between two looks of the garbage collector at all of it, in percent of what it found the last time: what V8 itself takes at most where it has {@link ROOM}. */
const GROWTH_PERCENT = 300;
/** Where the heap may be less in all, V8 is careful with it, and stays so. In bytes; Node's default for machines with 4 GB and more. */
const ROOM = 2 * 1024 ** 3;

/**
 * Keeps V8 from looking at the whole heap because of bytes that only pass through. The bytes of messages are outside of the heap, and V8 takes
 * them for its growth; the more of them come and go, the less growth it allows, until it looks at the whole heap for every 20 MB
 * of answers. That was two thirds of the CPU of an answer of 100 KB. The most that the heap may have at all stays as it is.
 */
export function fixHeapGrowth(): void {
  if (getHeapStatistics().heap_size_limit < ROOM || process.execArgv.some((flag) => flag.startsWith('--heap-growing-percent'))) return;
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

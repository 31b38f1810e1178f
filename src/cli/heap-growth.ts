import { setFlagsFromString } from 'node:v8';

/**
 * By how much the heap may grow between two looks of the garbage collector at all of it, in percent of what it found the last time. It is
 * what V8 takes at most by itself; the most that the heap may have at all (`--max-old-space-size`) stays as it is.
 */
const GROWTH_PERCENT = 300;

/**
 * Keeps V8 from looking at the whole heap because of bytes that only pass through. The bytes of messages are outside of the heap, and V8 takes
 * them for its growth; the more of them come and go, the less growth it allows, until it looks at the whole heap for every 20 MB
 * of answers. That was two thirds of the CPU of an answer of 100 KB.
 */
export function fixHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

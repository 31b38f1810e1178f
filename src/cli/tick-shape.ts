import { AsyncResource } from 'node:async_hooks';

/** V8 keeps a number with a fraction as it keeps Node's ids, which come from a list of such numbers: that is a part of the shape. */
const NO_ID = 0.5;

let kept: object | undefined;

/**
 * Keeps V8 from forgetting the shape of what `process.nextTick` makes for each of its calls, of which an HTTP request takes a dozen. That
 * shape has keys that are symbols; where a garbage collection finds no object of it, as in a hub that has nothing to do just
 * then, V8 makes each one by a call of its runtime from then on, for as long as the process runs: 1.8 µs of each request. An object that
 * is always there keeps the shape alive. Where Node makes other objects it would be of no use, and do no harm.
 *
 * @returns that object; `undefined` where Node has a third symbol, as from 22 on
 */
export function keepTickShape(): object | undefined {
  kept ??= tickObject();
  return kept;
}

/** As `nextTick` of Node 20 makes it; later ones have a third symbol there, which nobody else can get at. */
function tickObject(): object | undefined {
  const symbols = Object.getOwnPropertySymbols(new AsyncResource('shape'));
  const [asyncId, triggerId] = symbols;
  if (!asyncId || !triggerId || symbols.length > 2) return undefined;
  return { [asyncId]: NO_ID, [triggerId]: NO_ID, callback: () => {}, args: undefined };
}

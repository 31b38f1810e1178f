import { ExactNumber } from '../base/index.ts';

/** Far more than anybody means, far less than what overflows the stack of whoever walks through it or writes it as JSON. */
export const MAX_NESTING = 500;

/** Whether a JSON value holds lists and objects more than {@link MAX_NESTING} deep. Takes time in proportion to their number. */
export function isTooDeep(value: unknown): boolean {
  return isDeeperThan(value, MAX_NESTING);
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return false;
  if (levels === 0) return true;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) if (isDeeperThan(inner, levels - 1)) return true;
  return false;
}

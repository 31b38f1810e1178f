/**
 * So much more resident memory at the end counts as flat: a part of what there was, …
 * Measured were 3.5, 11.8 and 21.5 MiB more where there were 133, 138 and 141 (docs/reliability.md).
 */
const FLAT_PART = 0.2;
/** … and so many MiB besides, since pages that were free come and go. */
const FLAT_MIB = 8;

export interface Growth {
  /** The medians of the second and of the last fifth of the run. */
  readonly early: number;
  readonly late: number;
  /** The most that the later one may be. */
  readonly limit: number;
  readonly isFlat: boolean;
}

/**
 * Whether resident memory stays what it was, by its values in the order of time: the last fifth of them against the second, since
 * the first is the warm-up, and by medians, since single values jump by many MiB.
 */
export function growthOf(values: readonly number[]): Growth {
  const fifth = Math.floor(values.length / 5);
  const early = median(values.slice(fifth, 2 * fifth));
  const late = median(values.slice(values.length - fifth));
  const limit = early * (1 + FLAT_PART) + FLAT_MIB;
  return { early, late, limit, isFlat: late <= limit };
}

/** 0 where there is nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

import { setMaxListeners } from 'node:events';
import type { CancelSignal } from './cancel.ts';
import type { Clock } from './clock.ts';

/** A promise with its handles outside. `resolve` and `reject` after the first settlement do nothing. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the wait early; the wait then rejects with the signal's reason. */
  readonly signal?: CancelSignal | undefined;
  /** The error that a passed deadline rejects with. */
  readonly onTimeout: () => unknown;
}

/** Waits for `promise`, at most `timeoutMs` (docs/architecture.md, rule 6). The promise itself is not cancelled. */
export async function withDeadline<T>(promise: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, timeoutMs, signal, onTimeout } = options;
  signal?.throwIfAborted();
  const end = deferred<never>();
  const timer = clock.after(timeoutMs, () => end.reject(onTimeout()));
  const onAbort = (): void => end.reject(signal?.reason);
  if (signal) listen(signal, onAbort);
  try {
    return await Promise.race([promise, end.promise]);
  } finally {
    timer.dispose();
    signal?.removeEventListener('abort', onAbort);
  }
}

export interface PatienceOptions {
  readonly clock: Clock;
  readonly atMostMs: number;
  /** Ends the wait early, without an error. */
  readonly signal?: CancelSignal | undefined;
}

/**
 * Waits for `work` and goes on all the same when it takes longer; the work itself goes on too. What it fails with meanwhile is thrown.
 * Leaves nothing behind at the signal, which may live as long as the hub.
 */
export async function waitAtMost(work: Promise<unknown>, { clock, atMostMs, signal }: PatienceOptions): Promise<void> {
  const over = deferred<void>();
  const end = (): void => over.resolve();
  if (signal?.aborted) end();
  const timer = clock.after(atMostMs, end);
  if (signal) listen(signal, end);
  try {
    await Promise.race([work, over.promise]);
  } finally {
    timer.dispose();
    signal?.removeEventListener('abort', end);
  }
}

/** Resolves after `ms`, or early (without an error) when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal?: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.dispose();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    if (signal) listen(signal, done);
  });
}

/**
 * As many may wait at one signal as there are servers, and each takes its listener away again: Node's warning of a leak, which comes
 * with the eleventh, would be wrong.
 */
function listen(signal: CancelSignal, onAbort: () => void): void {
  if (signal instanceof AbortSignal) setMaxListeners(0, signal);
  signal.addEventListener('abort', onAbort, { once: true });
}

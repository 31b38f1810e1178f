import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Clock, createLogger } from '../../src/base/index.ts';
import { ProcessLife } from '../../src/cli/signals.ts';

class FakeProcess extends EventEmitter {
  platform: NodeJS.Platform = 'linux';
  readonly stdout = new EventEmitter();
  readonly stderr = new EventEmitter();
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function life(stop: () => Promise<void>, platform: NodeJS.Platform = 'linux') {
  const process = new FakeProcess();
  process.platform = platform;
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 0,
    after(delayMs, action) {
      timers.set(action, delayMs);
      return { dispose: () => void timers.delete(action) };
    },
  };
  const logged: string[] = [];
  const startErrors: unknown[] = [];
  const reloads = { count: 0 };
  const logger = createLogger([({ type, message }) => logged.push(`${type} ${message}`)]);
  const made = new ProcessLife({
    process,
    clock,
    logger,
    stop,
    stopWithinMs: () => 5_000,
    redact: (text) => text,
    reload: () => (reloads.count += 1),
    onStartError: (error) => startErrors.push(error),
  });
  made.watch();
  return { process, timers, logged, startErrors, reloads, made };
}

const never = (): Promise<void> => new Promise(() => {});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('ProcessLife', () => {
  it('ends the process once, when the stop is done, and leaves no listener', async () => {
    const { process, made, timers } = life(() => Promise.resolve());
    made.end(2);
    made.end(0);
    await turn();
    expect(process.exits).toEqual([2]);
    expect(timers.size).toBe(0);
    expect(process.eventNames()).toEqual([]);
    expect(process.stdout.eventNames()).toEqual([]);
  });

  it('does not wait for a stop that hangs', () => {
    const { process, timers } = life(never);
    process.emit('SIGTERM');
    expect([...timers.values()]).toEqual([5_000]);
    for (const action of timers.keys()) action();
    expect(process.exits).toEqual([3]);
  });

  it('keeps the exit code of the failure when the stop after it hangs', () => {
    const { timers, process, made } = life(never);
    made.end(1);
    for (const action of timers.keys()) action();
    expect(process.exits).toEqual([1]);
  });

  it('ends at once when asked again, by the second signal', () => {
    const { process, made } = life(never);
    process.emit('SIGTERM');
    expect(made.stopping).toBe(true);
    expect(process.exits).toEqual([]);
    process.emit('SIGINT');
    expect(process.exits).toEqual([130]);
  });

  it('takes a stray exception for the end of the start before it, and for a log line after it', () => {
    const { process, startErrors, logged, made } = life(never);
    const error = new Error('listen');
    process.emit('uncaughtException', error);
    expect(startErrors).toEqual([error]);
    made.started();
    process.emit('uncaughtException', new Error('later'));
    process.emit('unhandledRejection', 'a rejection');
    expect(startErrors).toHaveLength(1);
    expect(process.exits).toEqual([]);
    expect(logged).toEqual([
      'error A mistake in the hub itself (uncaughtException): later. It goes on.',
      'error A mistake in the hub itself (unhandledRejection): a rejection. It goes on.',
    ]);
  });

  it.each(['SIGBREAK', 'SIGHUP', 'SIGINT'])('stops by %s on Windows, where the console goes with it', (signal) => {
    const { process, made, reloads } = life(never, 'win32');
    made.started();
    process.emit(signal);
    expect([made.stopping, reloads.count]).toEqual([true, 0]);
  });

  it('stops with exit code 3 when mistakes come in numbers', async () => {
    const { process, made } = life(() => Promise.resolve());
    made.started();
    for (let n = 0; n < 25; n += 1) process.emit('uncaughtException', new Error('mistake'));
    await turn();
    expect(process.exits).toEqual([3]);
  });

  it('lets a closed pipe pass', () => {
    const { process, logged } = life(never);
    const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    for (const stream of [process.stdout, process.stderr]) stream.emit('error', closed);
    expect(process.exits).toEqual([]);
    expect(logged).toEqual([]);
  });

  it('loads the config again on SIGHUP, while the hub runs', () => {
    const { process, logged, reloads, made } = life(never);
    process.emit('SIGHUP');
    expect(reloads.count).toBe(0);
    made.started();
    process.emit('SIGHUP');
    expect(reloads.count).toBe(1);
    expect(logged).toEqual([expect.stringContaining('SIGHUP')]);
    process.emit('SIGTERM');
    process.emit('SIGHUP');
    expect(reloads.count).toBe(1);
    expect(process.exits).toEqual([]);
  });
});

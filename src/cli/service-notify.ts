import { spawn } from 'node:child_process';
import { type Clock, type Disposable, type Logger, sleep } from '../base/index.ts';

/** How long one message may take, in milliseconds. */
const SENT_WITHIN_MS = 5_000;
/** How long the end of the process waits for the last message, in milliseconds. */
const LAST_WITHIN_MS = 1_000;

/** Hands assignments such as `READY=1` to the service manager; rejects when that cannot be done. */
export type SendState = (assignments: readonly string[]) => Promise<void>;

export interface ServiceNotifyOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Microseconds of the system's monotonic clock. */
  readonly monotonicUsec?: () => bigint;
  readonly send?: SendState;
}

/**
 * Tells systemd how the hub is (sd_notify(3)): ready, loading its config again, stopping, alive. The socket of the
 * service manager is a datagram socket of the file system, which Node cannot open, so `systemd-notify` of systemd itself is run
 * for every message; the unit therefore needs `NotifyAccess=all`. Without NOTIFY_SOCKET nothing happens here.
 */
export class ServiceNotify implements Disposable {
  readonly #options: ServiceNotifyOptions;
  readonly #send: SendState | undefined;
  /** One message after the other: their order says what holds. */
  #last: Promise<void> = Promise.resolve();
  #watchdog: Disposable | undefined;
  #isLost = false;

  constructor(options: ServiceNotifyOptions) {
    this.#options = options;
    const { env } = options;
    this.#send = (env['NOTIFY_SOCKET'] ?? '') === '' ? undefined : (options.send ?? systemdNotify(env));
  }

  /** The port is open. From now on the manager hears that the hub is alive, if it wants to. */
  ready(): void {
    this.#tell('READY=1');
    const everyMs = this.#watchdogMs();
    if (this.#send && everyMs !== undefined) this.#beat(everyMs);
  }

  /** Does `work`, which loads the config again. Never rejects for what goes wrong here. */
  async reloading(work: () => Promise<void>): Promise<void> {
    const { monotonicUsec = monotonic } = this.#options;
    if (this.#send) this.#tell('RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`);
    try {
      await work();
    } finally {
      this.#tell('READY=1');
    }
  }

  /** From now on nobody looks whether the hub is alive. */
  stopping(): void {
    this.dispose();
    this.#tell('STOPPING=1');
  }

  /** Ends the beats, and resolves when the last message is out: within a second. */
  async close(): Promise<void> {
    this.dispose();
    if (!this.#send) return;
    const early = new AbortController();
    await Promise.race([this.#last, sleep(this.#options.clock, LAST_WITHIN_MS, early.signal)]);
    early.abort();
  }

  dispose(): void {
    this.#watchdog?.dispose();
    this.#watchdog = undefined;
  }

  /** Twice in the time after which the manager takes the hub for dead; `undefined` when it does not watch this process. */
  #watchdogMs(): number | undefined {
    const { env, pid } = this.#options;
    const usec = Number(env['WATCHDOG_USEC'] ?? '');
    const watched = env['WATCHDOG_PID'] ?? '';
    if (!Number.isFinite(usec) || usec <= 0 || (watched !== '' && Number(watched) !== pid)) return undefined;
    return Math.max(1, Math.floor(usec / 2_000));
  }

  #beat(everyMs: number): void {
    this.#watchdog?.dispose();
    this.#watchdog = this.#options.clock.after(everyMs, () => {
      this.#tell('WATCHDOG=1');
      this.#beat(everyMs);
    });
  }

  #tell(...assignments: readonly string[]): void {
    const send = this.#send;
    if (!send) return;
    this.#last = this.#last.then(() => send(assignments)).catch((error: unknown) => this.#lost(error));
  }

  #lost(error: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn('The service manager cannot be told how the hub is. Is systemd-notify there, or the unit of Type=exec?', {
      reason,
    });
  }
}

/** Runs `systemd-notify`, which belongs to systemd. */
function systemdNotify(env: NodeJS.ProcessEnv): SendState {
  return (assignments) =>
    new Promise((resolve, reject) => {
      const child = spawn('systemd-notify', [...assignments], { stdio: 'ignore', env, timeout: SENT_WITHIN_MS });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`systemd-notify ended with ${signal ?? `exit code ${code}`}`));
      });
    });
}

/** Linux counts `process.hrtime` from the same clock as systemd. */
function monotonic(): bigint {
  return process.hrtime.bigint() / 1_000n;
}

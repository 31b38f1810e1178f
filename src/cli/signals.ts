import { type Clock, Disposables, type Disposable, type Logger, messageOf } from '../base/index.ts';
import { StrayErrors } from './stray-errors.ts';

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15, SIGBREAK: 21 } as const;

type StopSignal = keyof typeof signalNumbers;

/**
 * What a signal is for. On Windows SIGHUP says that the console was closed, and the system ends the process some seconds later
 * whatever it does, so it means stop there; Ctrl-Break does too, and SIGTERM never comes.
 */
function signalsOn(platform: NodeJS.Platform): { readonly stop: readonly StopSignal[]; readonly reload: readonly 'SIGHUP'[] } {
  if (platform === 'win32') return { stop: ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP'], reload: [] };
  return { stop: ['SIGINT', 'SIGTERM'], reload: ['SIGHUP'] };
}

type Listener = (...args: unknown[]) => void;

interface EventSource {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** The part of Node's `process` that a running hub deals with. */
interface ProcessLike extends EventSource {
  readonly platform: NodeJS.Platform;
  readonly stdout: EventSource;
  readonly stderr: EventSource;
  exit(code: number): void;
}

export interface ProcessLifeOptions {
  readonly process: ProcessLike;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends everything that runs. */
  readonly stop: () => Promise<void>;
  /** From the wish to stop to the end of the process, in milliseconds. */
  readonly stopWithinMs: () => number;
  /** A text without the secrets that the hub knows. */
  readonly redact: (text: string) => string;
  /** Loads the config again. */
  readonly reload: () => void;
  /** An error from outside any promise ended the start; `started` has not been called. */
  readonly onStartError: (error: unknown) => void;
}

/**
 * The life of the process around a hub: it ends by SIGINT or SIGTERM, in order and within a set time, at once when
 * asked twice, and not by a stray error or a closed pipe; only when stray errors come in numbers, with exit code 3. SIGHUP
 * makes it load its config again ({@link signalsOn}), also where it means that the terminal is gone: nobody who closes a
 * window wants the clients in others to lose their hub.
 */
export class ProcessLife implements Disposable {
  readonly #options: ProcessLifeOptions;
  readonly #owned = new Disposables();
  readonly #strays: StrayErrors;
  #phase: 'starting' | 'running' | 'stopping' = 'starting';

  constructor(options: ProcessLifeOptions) {
    this.#options = options;
    const { clock, logger, redact } = options;
    this.#strays = new StrayErrors({ clock, logger, redact, onTooMany: () => this.end(3) });
  }

  /** A stop is under way; an error of the start is its consequence then and no news. */
  get stopping(): boolean {
    return this.#phase === 'stopping';
  }

  /** Begins to listen to the process. */
  watch(): void {
    const { process } = this.#options;
    const { stop, reload } = signalsOn(process.platform);
    for (const signal of stop) this.#listen(process, signal, () => this.#onSignal(signal));
    for (const signal of reload) this.#listen(process, signal, () => this.#onHangUp());
    this.#listen(process, 'uncaughtException', (error) => this.#onStrayError('uncaughtException', error));
    this.#listen(process, 'unhandledRejection', (error) => this.#onStrayError('unhandledRejection', error));
    // Whoever read our output may end before us (an editor, `head`): EPIPE is expected, and there is nobody left to tell.
    for (const stream of [process.stdout, process.stderr]) this.#listen(stream, 'error', () => {});
  }

  /** The port is open: from now on no stray error ends the process. */
  started(): void {
    if (this.#phase === 'starting') this.#phase = 'running';
  }

  /** Stops the hub and ends the process with `exitCode`. Only the first call counts. */
  end(exitCode: number): void {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    const { clock, logger, process, stop, stopWithinMs } = this.#options;
    const exit = (code: number): void => {
      this.dispose();
      process.exit(code);
    };
    this.#owned.add(clock.after(stopWithinMs(), () => exit(exitCode === 0 ? 3 : exitCode)));
    const failed = (error: unknown): void => {
      logger.error(`The hub did not stop in order: ${messageOf(error)}`);
      exit(exitCode === 0 ? 3 : exitCode);
    };
    stop().then(() => exit(exitCode), failed);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #onSignal(signal: StopSignal): void {
    const { logger, process } = this.#options;
    if (this.#phase === 'stopping') {
      process.exit(128 + signalNumbers[signal]);
      return;
    }
    logger.info(`${signal}: the hub is stopping.`);
    this.end(0);
  }

  #onHangUp(): void {
    if (this.#phase !== 'running') return;
    this.#options.logger.info('SIGHUP: the config is loaded again. SIGTERM stops the hub.');
    this.#options.reload();
  }

  #onStrayError(kind: 'uncaughtException' | 'unhandledRejection', error: unknown): void {
    if (this.#phase === 'starting' && kind === 'uncaughtException') this.#options.onStartError(error);
    else this.#strays.take(kind, error);
  }

  #listen(source: EventSource, event: string, listener: Listener): void {
    source.on(event, listener);
    this.#owned.defer(() => source.off(event, listener));
  }
}

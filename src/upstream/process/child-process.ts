import type { ChildProcessByStdio, SpawnOptionsWithStdioTuple, StdioPipe } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import crossSpawn from 'cross-spawn';
import { type Clock, deferred, type Disposable, type Logger } from '../../base/index.ts';
import type { StdioLaunch } from '../launch.ts';
import { LogBuffer } from './log-buffer.ts';
import { type ProcessExit, spawnError } from './process-errors.ts';
import { processGroup } from './process-group.ts';
import type { ProcessGuard } from './process-guard.ts';
import { takeStderr } from './stderr-intake.ts';
import { DEFAULT_STOP_GRACE, type StopGrace, StopSequence } from './stop-sequence.ts';
import type { LogLine } from '../types.ts';

type PipedProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** How long after the exit what is left in the pipes may take: a descendant that escaped can hold them open for ever. */
const LAST_OUTPUT_MS = 500;

export interface ChildProcessOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly launch: StdioLaunch;
  readonly guard: ProcessGuard;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly grace?: StopGrace;
}

/**
 * One process of a stdio server, the leader of its own process group. When it ends, whatever it started ends with it.
 * Used for one run only.
 */
export class ChildProcess {
  readonly #options: ChildProcessOptions;
  readonly #log: LogBuffer;
  readonly #ended = deferred<ProcessExit>();
  #process: PipedProcess | undefined;
  #sequence: StopSequence | undefined;
  #stopped = false;

  constructor(options: ChildProcessOptions) {
    this.#options = options;
    const { clock, launch } = options;
    this.#log = new LogBuffer({ clock, redact: (text) => launch.redact(text) });
  }

  /** Settles once the process has exited and its output is read. Never rejects; pending for ever if it never started. */
  get ended(): Promise<ProcessExit> {
    return this.#ended.promise;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The last lines of standard error, redacted. */
  stderrTail(): readonly LogLine[] {
    return this.#log.tail();
  }

  /**
   * Starts it, with exactly the launch's environment.
   *
   * @returns the two pipes to talk through; standard error is taken care of
   * @throws HubError CONNECTION_ERROR when it cannot be started
   */
  async start(): Promise<{ readonly stdin: Writable; readonly stdout: Readable }> {
    const { id, launch } = this.#options;
    let child: PipedProcess;
    try {
      child = spawnPiped(launch);
      // Without a pid the start has failed, and the error event that says why is on its way.
      if (child.pid === undefined) throw (await once(child, 'error'))[0];
    } catch (error) {
      throw await spawnError(id, launch, error);
    }
    this.#watch(child, child.pid);
    if (this.#stopped) void this.stop();
    return { stdin: child.stdin, stdout: child.stdout };
  }

  /** Ends it and everything it started; resolves when they are gone. Idempotent, never rejects, bounded by the grace times. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (!this.#sequence) return;
    this.#sequence.begin();
    if ((await this.#sequence.over) === 'gone') await this.#ended.promise;
  }

  #watch(child: PipedProcess, pid: number): void {
    const { id, guard, clock, logger, grace = DEFAULT_STOP_GRACE } = this.#options;
    guard.add(pid);
    this.#process = child;
    const sequence = new StopSequence({ clock, grace, group: processGroup(pid), endInput: () => child.stdin.end() });
    this.#sequence = sequence;
    const intake = takeStderr(child.stderr, this.#log, clock);
    child.stdin.on('error', () => {
      // Expected: EPIPE, the server closed its input or is gone; whoever wrote is told by the callback of the write.
    });
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      const exit = { code, signal, forced: sequence.forced };
      sequence.leaderExited();
      this.#finishOutput(child, intake, exit);
    };
    child.once('exit', onExit);
    // Windows only: cross-spawn reports a command that the shell did not find as an error instead of the exit.
    child.once('error', () => onExit(127, null));
    void sequence.over.then((how) => {
      if (how === 'gone') return guard.remove(pid);
      logger.warn(`Server "${id}" or something that it started does not end, not even by SIGKILL (process group ${pid}).`);
      return child.unref();
    });
  }

  #finishOutput(child: PipedProcess, intake: Disposable, exit: ProcessExit): void {
    intake.dispose();
    const { clock } = this.#options;
    const close = (): void => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    };
    // In two steps, so that a hub that was busy for all that time still gets to read what is there.
    let late = clock.after(LAST_OUTPUT_MS, () => {
      late = clock.after(1, close);
    });
    child.once('close', () => {
      late.dispose();
      this.#ended.resolve(exit);
    });
  }
}

function spawnPiped(launch: StdioLaunch): PipedProcess {
  const options: SpawnOptionsWithStdioTuple<StdioPipe, StdioPipe, StdioPipe> = {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: Object.fromEntries(Object.entries(launch.env).map(([name, value]) => [name, value.reveal()])),
    // A session and group of its own: signals reach its descendants too, and the terminal's Ctrl-C reaches none of them.
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(launch.cwd !== undefined && { cwd: launch.cwd }),
  };
  return crossSpawn.spawn(
    launch.command.reveal(),
    launch.args.map((arg) => arg.reveal()),
    options,
  );
}

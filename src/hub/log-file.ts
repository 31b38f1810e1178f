import { chmod, mkdir } from 'node:fs/promises';
import { type Clock, logLine, type LogSink, messageOf } from '../base/index.ts';
import type { LogWriter } from './log-writer.ts';

/** Records that may wait for {@link LogFile.open}. */
const MAX_WAITING_LINES = 2_000;
/** After a failed write (a full disk, say) the file is opened again, but not sooner than this, in milliseconds. */
const RETRY_MS = 60_000;

export interface LogFileOptions {
  readonly dir: string;
  /** Of the hub whose log it is. */
  readonly pid: number;
  readonly clock: Clock;
  /** Told once when the log cannot be written. The hub goes on without it. */
  readonly onProblem: (message: string) => void;
}

/**
 * The hub's log file: one JSON object per line. Records are taken from the start, but the file is opened (and the
 * libraries for it loaded) only by {@link open}, after the port is. Nothing here throws or blocks.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #waiting: string[] = [];
  #opening: Promise<void> | undefined;
  #openWriter: (() => LogWriter) | undefined;
  #writer: LogWriter | undefined;
  #retryAtMs = Infinity;
  #dropped = 0;
  #problemTold = false;
  #closed = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  readonly sink: LogSink = (record) => {
    if (!this.#closed) this.#write(logLine(record, this.#options.pid));
  };

  /** Opens the file and writes what has waited. Calling it again does nothing. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open());
  }

  /** Resolves when everything is written, or the disk takes nothing for a second; after three at the latest. Later records are ignored. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#opening || this.#waiting.length > 0) await this.open();
    await this.#writer?.close();
    this.#writer = undefined;
  }

  async #open(): Promise<void> {
    const { dir } = this.#options;
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      // 4.x made it open to all, and the owner alone has anything to do there. Expected: EPERM, a folder of somebody else's.
      await chmod(dir, 0o700).catch(() => undefined);
      const { openLogWriter } = await import('./log-writer.ts');
      this.#openWriter = () => openLogWriter(dir, (error) => this.#fail(error));
      this.#writer = this.#openWriter();
    } catch (error) {
      this.#fail(error);
    }
    for (const line of this.#waiting.splice(0)) this.#write(line);
  }

  #write(line: string): void {
    if (!this.#writer && !this.#openWriter && this.#retryAtMs === Infinity) {
      if (this.#waiting.length < MAX_WAITING_LINES) this.#waiting.push(line);
      else this.#dropped += 1;
      return;
    }
    if (!this.#writer && this.#options.clock.now() >= this.#retryAtMs) this.#reopen();
    if (!this.#writer?.write(line)) this.#dropped += 1;
    else if (this.#dropped > 0) this.#tellDropped(this.#writer);
  }

  #reopen(): void {
    try {
      this.#writer = this.#openWriter?.();
    } catch (error) {
      this.#fail(error);
    }
  }

  #tellDropped(writer: LogWriter): void {
    const dropped = this.#dropped;
    this.#dropped = 0;
    const { clock, pid } = this.#options;
    const timestamp = new Date(clock.now()).toISOString();
    const message = `${dropped} log records before this one were dropped, because the file could not be written.`;
    writer.write(logLine({ type: 'warn', message, data: { dropped }, timestamp }, pid));
  }

  #fail(error: unknown): void {
    const { clock, dir, onProblem } = this.#options;
    this.#writer = undefined;
    this.#retryAtMs = clock.now() + RETRY_MS;
    if (this.#problemTold) return;
    this.#problemTold = true;
    onProblem(`The log cannot be written to ${dir} (${messageOf(error)}). The hub goes on without a log file.`);
  }
}

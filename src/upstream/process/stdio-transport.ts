import type { Writable } from 'node:stream';
import {
  type Clock,
  type Disposable,
  Emitter,
  HubError,
  jsonText,
  type Logger,
  messageOf,
  quote,
  sentence,
  toHubError,
} from '../../base/index.ts';
import { brokenAnswersIn, LineReader, isRequest, isResponse, type Message, type OverlongLine, messagesIn } from '../../protocol/index.ts';
import { ChildProcess } from './child-process.ts';
import type { StdioLaunch } from '../launch.ts';
import { overlongResponseId } from './overlong-response.ts';
import { shownNoise } from './noise.ts';
import { exitError, type ProcessExit } from './process-errors.ts';
import type { ProcessGuard } from './process-guard.ts';
import { ReadRate } from './read-rate.ts';
import type { StartTurns } from './start-turns.ts';
import type { StopGrace } from './stop-sequence.ts';
import type { Transport, TransportEvents } from '../connection/transport.ts';
import type { LogLine } from '../types.ts';

const MIB = 1024 * 1024;
/** Bytes that may wait for a server to read them. */
const MAX_QUEUED_BYTES = 64 * MIB;
/** What may be read in one window that nobody asked for: bytes of noise, and as much per line or message as looking at one takes. */
const NOISE_PER_WINDOW = MIB / 4;
const NOISE_WINDOW_MS = 25;
const COST_OF_LINE = 100;
/** So much of the allowance for noise does a byte of a long message take, which makes 5 MiB a second: the garbage collector seldom interrupts anybody else then. */
const COST_OF_LONG_BYTE = 2;

/** A transport to a process of our own, with what the process says besides the protocol. */
export interface ProcessTransport extends Transport {
  /** The last lines of standard error, redacted. Stays after the end. */
  stderrTail(): readonly LogLine[];
  /** Lines on standard output that were no JSON-RPC. */
  readonly noiseCount: number;
  /** The first of them, redacted and shortened. */
  readonly firstNoise: string | undefined;
}

export interface StdioTransportOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly launch: StdioLaunch;
  readonly guard: ProcessGuard;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly grace?: StopGrace;
  /** Where it waits before it begins; without it, it begins at once. */
  readonly turns?: StartTurns | undefined;
  /** Longest message that is read, in bytes. */
  readonly maxLineBytes?: number;
  /** Bytes that may wait for the server to read them. A single message may be larger when nothing else waits. */
  readonly maxQueuedBytes?: number;
}

/** JSON-RPC over the standard input and output of a process, one message a line (spec 2026-07-28 basic/transports/stdio). */
export class StdioTransport implements ProcessTransport {
  readonly hasRequestStreams = false;
  readonly #options: StdioTransportOptions;
  readonly #maxLineBytes: number;
  readonly #maxQueuedBytes: number;
  readonly #emitter: Emitter<TransportEvents>;
  readonly #child: ChildProcess;
  readonly #reader: LineReader;
  #stdin: Writable | undefined;
  #noiseRate: ReadRate | undefined;
  #noiseCount = 0;
  #firstNoise: string | undefined;
  /** Requests that were sent and have not been answered yet, as far as numbers tell. */
  #owed = 0;
  #closing = false;
  #isGathering = false;
  #end: HubError | undefined;

  constructor(options: StdioTransportOptions) {
    const { id, launch, logger, maxLineBytes = launch.maxMessageBytes ?? 64 * MIB, maxQueuedBytes = MAX_QUEUED_BYTES } = options;
    this.#options = options;
    this.#maxLineBytes = maxLineBytes;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#emitter = new Emitter((error) => logger.error(`A listener of server "${id}" failed: ${messageOf(error)}`));
    this.#child = new ChildProcess(options);
    this.#reader = new LineReader({
      maxLineBytes,
      onLine: (line) => this.#takeLine(line),
      onOverlong: (line) => this.#takeOverlong(line),
      onLong: (bytes) => this.#noiseRate?.spend(bytes * COST_OF_LONG_BYTE),
    });
  }

  get noiseCount(): number {
    return this.#noiseCount;
  }

  get firstNoise(): string | undefined {
    return this.#firstNoise;
  }

  /** The process id while it has one. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  stderrTail(): readonly LogLine[] {
    return this.#child.stderrTail();
  }

  on<K extends keyof TransportEvents>(name: K, listener: (event: TransportEvents[K]) => void): Disposable {
    return this.#emitter.on(name, listener);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { clock, turns } = this.#options;
    const endTurn = (await turns?.take(signal)) ?? ((): void => {});
    const { stdin, stdout } = await this.#start().catch((error: unknown) => {
      endTurn();
      throw error;
    });
    this.#stdin = stdin;
    stdout.once('data', endTurn).once('close', endTurn);
    this.#noiseRate = new ReadRate({ stream: stdout, clock, perWindow: NOISE_PER_WINDOW, windowMs: NOISE_WINDOW_MS });
    stdout.on('data', (chunk: Buffer) => this.#reader.push(chunk));
    // A server that cannot answer or listen any more is of no use: it is ended, if it does not just end by itself.
    stdout.once('end', () => void this.#child.stop());
    stdin.once('error', () => void this.#child.stop().then(() => this.#finish(undefined)));
    void this.#awaitEnd();
    if (signal.aborted) {
      await this.close();
      throw signal.reason;
    }
  }

  send(message: Message): Promise<void> | undefined {
    const stdin = this.#stdin;
    if (!stdin || this.#closing || this.#end) return Promise.reject(this.#notOpen());
    if (!stdin.writable) return this.#refuse();
    let line: string;
    try {
      line = `${oneLine(jsonText(message))}\n`;
    } catch (error) {
      // RangeError: nested too deeply for the stack.
      return Promise.reject(toHubError(error));
    }
    const waiting = stdin.writableLength;
    if (waiting > 0 && waiting + Buffer.byteLength(line) > this.#maxQueuedBytes) return Promise.reject(this.#notRead(waiting));
    this.#gather(stdin);
    if (!isRequest(message)) return this.#write(stdin, line);
    this.#owed += 1;
    // A pipe that breaks ends the process, and that all who wait for answers.
    stdin.write(line);
    return undefined;
  }

  async #write(stdin: Writable, line: string): Promise<void> {
    const failed = await new Promise((resolve) => stdin.write(line, resolve));
    if (failed) await this.#refuse();
  }

  /** Nothing begins that was closed while it waited for its turn. */
  async #start(): ReturnType<ChildProcess['start']> {
    if (this.#closing) throw this.#notOpen();
    return this.#child.start();
  }

  /** What is sent in one turn of the event loop is written at once: a system call costs more than a message. */
  #gather(stdin: Writable): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    stdin.cork();
    setImmediate(() => {
      this.#isGathering = false;
      stdin.uncork();
    });
  }

  setProtocolVersion(): void {
    // Nothing on stdio says the version again after the handshake.
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#child.stop();
    this.#finish(undefined);
  }

  async #awaitEnd(): Promise<void> {
    const exit = await this.#child.ended;
    this.#reader.end();
    this.#finish(exit);
  }

  /** The pipe breaks before the exit is known; the exit, with its code and last words, is what the sender has to hear of. */
  async #refuse(): Promise<never> {
    await this.#child.stop();
    throw this.#end ?? this.#notOpen();
  }

  #finish(exit: ProcessExit | undefined): void {
    if (this.#end) return;
    this.#noiseRate?.dispose();
    const { id, launch } = this.#options;
    const stopped = this.#closing || exit === undefined;
    this.#end = stopped
      ? new HubError('CONNECTION_ERROR', `Server "${id}" was stopped by the hub.`, { details: { server: id } })
      : exitError(id, launch, exit, this.stderrTail());
    this.#emitter.emit('closed', this.#end);
  }

  #notRead(waiting: number): HubError {
    const { id } = this.#options;
    const text = `Server "${id}" does not read its input: ${Math.round(waiting / 1024)} KiB wait for it already. Try again later.`;
    return new HubError('LIMIT_EXCEEDED', text, { details: { server: id } });
  }

  #notOpen(): HubError {
    const { id } = this.#options;
    const why = this.#stdin ? 'its process has ended or is ending' : 'it has not been started';
    return new HubError('CONNECTION_ERROR', `Server "${id}" did not get the message: ${why}.`, { details: { server: id } });
  }

  #takeLine(line: Buffer): void {
    const messages = messagesIn(line);
    if (!Array.isArray(messages)) {
      this.#takeMessage(messages, line);
      if (!messages) this.#failAnswered(line);
      return;
    }
    for (const message of messages) this.#takeMessage(message, line);
    if (messages.includes(undefined)) this.#failAnswered(line);
  }

  /** Fails those who wait for an answer that has come and cannot be read: there will be no other. */
  #failAnswered(line: Buffer): void {
    if (this.#end || this.#owed === 0) return;
    const { id: server, launch } = this.#options;
    for (const { id, problem, said } of brokenAnswersIn(line)) {
      if (this.#owed > 0) this.#owed -= 1;
      const words = said === undefined ? '' : ` It says: ${sentence(quote(launch.redact(said)))}`;
      const text = `Server "${server}" sent an answer that is no JSON-RPC response: ${problem}.${words} Update the server, or tell its maker.`;
      this.#emitter.emit('requestFailed', { id, error: new HubError('UPSTREAM_PROTOCOL', text, { details: { server } }) });
    }
  }

  #takeMessage(message: Message | undefined, line: Buffer): void {
    if (this.#end) return;
    if (!message) return this.#countNoise(line);
    // What nobody asked for there may be any number of.
    if (!isResponse(message)) this.#noiseRate?.spend(COST_OF_LINE);
    else if (this.#owed > 0) this.#owed -= 1;
    else this.#noiseRate?.spend(line.length + COST_OF_LINE);
    this.#emitter.emit('message', { message });
  }

  #countNoise(line: Buffer): void {
    this.#noiseCount += 1;
    this.#noiseRate?.spend(line.length + COST_OF_LINE);
    if (this.#firstNoise !== undefined) return;
    const { id, launch, logger } = this.#options;
    this.#firstNoise = shownNoise(line, (text) => launch.redact(text));
    logger.debug(`Server "${id}" writes lines to standard output that are no JSON-RPC; they are skipped.`);
  }

  #takeOverlong(line: OverlongLine): void {
    const { id, logger } = this.#options;
    this.#noiseCount += 1;
    const text =
      `Server "${id}" sent a message of ${megabytes(line.bytes)}, over the limit of ${megabytes(this.#maxLineBytes)}; ` +
      'it was skipped. Ask for less at once, or raise "maxMessageSize" of its entry.';
    logger.warn(text, { server: id });
    const answered = overlongResponseId(line);
    if (answered === undefined) return;
    const error = new HubError('UPSTREAM_PROTOCOL', text, {
      details: { server: id, setting: 'maxMessageSize', limitBytes: this.#maxLineBytes, bytes: line.bytes },
    });
    this.#emitter.emit('requestFailed', { id: answered, error });
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

/** JSON without the two characters that some line readers (Node's own among them) take for the end of a line. */
function oneLine(json: string): string {
  return json.includes('\u2028') || json.includes('\u2029') ? json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029') : json;
}

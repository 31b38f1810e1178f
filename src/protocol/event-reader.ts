import { ByteCollector } from './byte-collector.ts';

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NEWLINE = Buffer.from('\n');

/** What came between two empty lines. */
export interface ReceivedEvent {
  /** Absent where it is the default, `message`. */
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  /** UTF-8; absent where there was no such line. */
  readonly data?: Buffer | undefined;
}

export interface EventReaderOptions {
  /** Most bytes of the data of one event. One with more is not told of, and {@link EventReader.held} says that it is there. */
  readonly maxBytes: number;
  readonly onEvent: (event: ReceivedEvent) => void;
  /** How long to wait before the stream is opened again, in milliseconds. */
  readonly onRetry?: ((delayMs: number) => void) | undefined;
}

/**
 * Reads server-sent events from bytes (WHATWG HTML, "Server-sent events"), in time linear in their length. What is not ended by an
 * empty line is no event. The data stays bytes: a reader that passes it on need not make text of it.
 */
export class EventReader {
  readonly #options: EventReaderOptions;
  /** The beginning of a line whose end has not come. */
  readonly #line = new ByteCollector();
  #isFirstLine = true;
  /** The last chunk ended with CR: an LF at the beginning of the next one belongs to it. */
  #endedWithCr = false;
  #event: string | undefined;
  #id: string | undefined;
  #data: Buffer[] = [];
  #dataBytes = 0;
  #lines = 0;

  constructor(options: EventReaderOptions) {
    this.#options = options;
  }

  /** How many bytes it holds of an event that has not ended. */
  get held(): number {
    return this.#line.length + this.#dataBytes;
  }

  /** How many lines there were. */
  get lines(): number {
    return this.#lines;
  }

  push(chunk: Buffer): void {
    let from = this.#endedWithCr && chunk[0] === LF ? 1 : 0;
    this.#endedWithCr = chunk.at(-1) === CR;
    for (let lf = chunk.indexOf(LF, from); lf >= 0; lf = chunk.indexOf(LF, from)) {
      const end = lf > from && chunk[lf - 1] === CR ? lf - 1 : lf;
      this.#endLine(this.#afterCr(chunk.subarray(from, end)));
      from = lf + 1;
    }
    const rest = this.#afterCr(chunk.subarray(from));
    if (rest.length > 0) this.#line.add(rest);
  }

  /** Ends the lines that end with a mere CR; what comes after them. */
  #afterCr(lines: Buffer): Buffer {
    let from = 0;
    for (let cr = lines.indexOf(CR); cr >= 0; cr = lines.indexOf(CR, from)) {
      this.#endLine(lines.subarray(from, cr));
      from = cr + 1;
    }
    return from === 0 ? lines : lines.subarray(from);
  }

  #endLine(rest: Buffer): void {
    this.#lines += 1;
    let line = rest;
    if (this.#line.length > 0) {
      this.#line.add(rest);
      line = this.#line.take();
    }
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (line.subarray(0, 3).equals(BYTE_ORDER_MARK)) line = line.subarray(3);
    }
    if (line.length === 0) this.#endEvent();
    else this.#readField(line);
  }

  #readField(line: Buffer): void {
    const colon = line.indexOf(COLON);
    const nameEnd = colon < 0 ? line.length : colon;
    // The longest name that means something has five bytes; no colon at all may mean a line without end.
    if (nameEnd > 5) return;
    const value = line.subarray(colon < 0 ? line.length : line[colon + 1] === SPACE ? colon + 2 : colon + 1);
    switch (line.toString('latin1', 0, nameEnd)) {
      case 'data':
        this.#data.push(value);
        this.#dataBytes += value.length;
        break;
      case 'event':
        this.#event = value.length > 0 ? value.toString() : undefined;
        break;
      case 'id':
        if (!value.includes(0)) this.#id = value.toString();
        break;
      case 'retry':
        this.#readRetry(value.toString());
    }
  }

  #readRetry(value: string): void {
    if (/^\d+$/.test(value)) this.#options.onRetry?.(Number(value));
  }

  #endEvent(): void {
    const event = this.#event;
    const id = this.#id;
    const data = this.#data;
    if (this.#dataBytes > this.#options.maxBytes) return;
    this.#event = undefined;
    if (data.length === 0 && id === undefined) return;
    this.#id = undefined;
    this.#data = [];
    this.#dataBytes = 0;
    this.#options.onEvent({ event, id, data: data.length > 1 ? joined(data) : data[0] });
  }
}

function joined(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line, at) => (at === 0 ? [line] : [NEWLINE, line])));
}

const NEWLINE = 0x0a;
/** How much of the beginning and the end of a line that is too long is kept, in bytes. */
const GLIMPSE = 256;
/** A line longer than so many bytes takes time that others wait for. */
const LONG_LINE = 8 * 1024 * 1024;

/** What is left of a line that was longer than the limit. */
export interface OverlongLine {
  readonly bytes: number;
  readonly head: string;
  readonly tail: string;
}

export interface LineReaderOptions {
  /** Longest line, in bytes without its end. */
  readonly maxLineBytes: number;
  /** A line without its `\n`, as a part of what was pushed or a copy: it is not written to again. */
  readonly onLine: (line: Buffer) => void;
  readonly onOverlong: (line: OverlongLine) => void;
  /** More bytes of a line that is longer than {@link LONG_LINE}, whether it is within the limit or not, as they come. */
  readonly onLong?: (bytes: number) => void;
}

/**
 * Cuts a stream of bytes into lines, in time linear in their length: the parts of a line are collected and joined once.
 * A line over the limit is skipped up to its end; what comes after it is read as usual.
 */
export class LineReader {
  readonly #options: LineReaderOptions;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Set while the rest of a line that is too long is skipped. */
  #head: Buffer | undefined;
  #tail: Buffer = Buffer.alloc(0);

  constructor(options: LineReaderOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, end));
      this.#endLine();
      from = end + 1;
    }
    this.#add(chunk.subarray(from));
  }

  /** To be called when the stream has ended: a last line may lack its end. */
  end(): void {
    if (this.#bytes > 0) this.#endLine();
  }

  #add(part: Buffer): void {
    if (part.length === 0) return;
    this.#bytes += part.length;
    if (this.#bytes > LONG_LINE) this.#options.onLong?.(part.length);
    if (this.#head) {
      this.#tail = Buffer.concat([this.#tail, part.subarray(-GLIMPSE)]).subarray(-GLIMPSE);
      return;
    }
    this.#parts.push(part);
    if (this.#bytes <= this.#options.maxLineBytes) return;
    // Never the whole: to copy that much at once would hold up everybody else.
    this.#head = first(this.#parts);
    this.#tail = last(this.#parts);
    this.#parts = [];
  }

  #endLine(): void {
    const bytes = this.#bytes;
    const parts = this.#parts;
    const head = this.#head;
    const tail = this.#tail;
    this.#parts = [];
    this.#bytes = 0;
    this.#head = undefined;
    this.#tail = Buffer.alloc(0);
    if (head) {
      this.#options.onOverlong({ bytes, head: head.toString('utf8'), tail: tail.toString('utf8') });
      return;
    }
    const [only] = parts;
    this.#options.onLine(parts.length === 1 && only ? only : Buffer.concat(parts));
  }
}

/** The first bytes of all parts together, as a copy that keeps none of them. */
function first(parts: readonly Buffer[]): Buffer {
  const glimpse = Buffer.alloc(GLIMPSE);
  let length = 0;
  for (const part of parts) {
    if (length === GLIMPSE) break;
    length += part.copy(glimpse, length);
  }
  return glimpse.subarray(0, length);
}

/** The last bytes of all parts together, as a copy that keeps none of them. */
function last(parts: readonly Buffer[]): Buffer {
  let glimpse: Buffer = Buffer.alloc(0);
  for (let at = parts.length - 1; at >= 0 && glimpse.length < GLIMPSE; at -= 1) {
    glimpse = Buffer.concat([parts[at]?.subarray(-GLIMPSE) ?? Buffer.alloc(0), glimpse]).subarray(-GLIMPSE);
  }
  return glimpse;
}

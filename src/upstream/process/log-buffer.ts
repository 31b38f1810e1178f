import { stripVTControlCharacters } from 'node:util';
import type { Clock } from '../../base/index.ts';
import type { LogLine } from '../types.ts';

export interface LogBufferOptions {
  readonly clock: Clock;
  /** Takes secrets out of a line before it is cut or shown. */
  readonly redact: (text: string) => string;
  readonly maxLines?: number;
  /** Bytes kept, as they came. */
  readonly maxBytes?: number;
  /** Characters of a line that are shown; the rest is replaced by `…`. */
  readonly maxLineLength?: number;
}

interface Chunk {
  readonly atMs: number;
  readonly bytes: Buffer;
}

const MAX_LINES = 500;
const MAX_BYTES = 128 * 1024;
const NEWLINE = 0x0a;
/** Stands for a first line whose beginning has been dropped with older output. */
const CUT = '… (output before this was dropped)';

/**
 * The last output of a process. Taking a chunk costs the same whatever is in it: it is kept as it came, and made into
 * lines only when somebody looks. A server that floods its standard error costs a bounded amount of memory and next to no time.
 */
export class LogBuffer {
  readonly #clock: Clock;
  readonly #redact: (text: string) => string;
  readonly #maxLines: number;
  readonly #maxBytes: number;
  readonly #maxLineLength: number;
  #chunks: Chunk[] = [];
  #bytes = 0;
  /** Whether what is kept may begin in the middle of a line. */
  #cut = false;

  constructor({ clock, redact, maxLines = MAX_LINES, maxBytes = MAX_BYTES, maxLineLength = 4_096 }: LogBufferOptions) {
    this.#clock = clock;
    this.#redact = redact;
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
    this.#maxLineLength = maxLineLength;
  }

  append(bytes: Buffer): void {
    this.#chunks.push({ atMs: this.#clock.now(), bytes });
    this.#bytes += bytes.length;
    // Compacted in strides, so that many tiny chunks cost no more than few large ones.
    if (this.#bytes > 2 * this.#maxBytes || this.#chunks.length > 2 * this.#maxLines) this.#drop();
  }

  /** The last lines, oldest first; the last one may not have ended yet. */
  tail(): readonly LogLine[] {
    this.#drop();
    const lines: LogLine[] = [];
    let parts: Buffer[] = [];
    let beganMs = 0;
    const take = (atMs: number, part: Buffer): void => {
      if (parts.length === 0) beganMs = atMs;
      parts.push(part);
    };
    const endLine = (): void => {
      lines.push({ atMs: beganMs, text: this.#show(Buffer.concat(parts).toString('utf8')) });
      parts = [];
    };
    for (const { atMs, bytes } of this.#chunks) {
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        take(atMs, bytes.subarray(from, end));
        endLine();
        from = end + 1;
      }
      if (from < bytes.length) take(atMs, bytes.subarray(from));
    }
    if (parts.length > 0) endLine();
    const [first] = lines;
    // Half a line may hold half a secret, which redaction would not know.
    if (this.#cut && first) lines[0] = { atMs: first.atMs, text: CUT };
    return lines.slice(-this.#maxLines);
  }

  #show(line: string): string {
    const text = this.#redact(stripVTControlCharacters(line).trimEnd());
    return text.length > this.#maxLineLength ? `${text.slice(0, this.#maxLineLength)}…` : text;
  }

  /** Drops the oldest output over the limits. A single chunk over the limit is kept in its last part. */
  #drop(): void {
    let surplus = this.#bytes - this.#maxBytes;
    let dropped = 0;
    let count = Math.max(0, this.#chunks.length - this.#maxLines);
    for (const { bytes } of this.#chunks) {
      if (surplus < bytes.length && count <= 0) break;
      surplus -= bytes.length;
      count -= 1;
      dropped += 1;
      this.#bytes -= bytes.length;
    }
    const gone = this.#chunks.splice(0, dropped).at(-1);
    if (gone) this.#cut = gone.bytes.at(-1) !== NEWLINE;
    const [oldest] = this.#chunks;
    if (surplus > 0 && oldest) {
      this.#cut = oldest.bytes[surplus - 1] !== NEWLINE;
      // Copied, so that the part does not keep the whole alive.
      this.#chunks[0] = { atMs: oldest.atMs, bytes: Buffer.from(oldest.bytes.subarray(surplus)) };
      this.#bytes -= surplus;
    }
  }
}

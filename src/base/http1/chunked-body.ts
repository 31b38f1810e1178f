import { isHeaderName, isHeaderValue } from '../header-rules.ts';
import type { AnswerSink } from './answer-reader.ts';
import { BadAnswer } from './bad-answer.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Longest line with the size of a chunk, extensions included, and longest trailer section, in bytes. */
const MAX_LINE = 16 * 1024;

/** The size of a chunk and its extensions; what goes beyond 12 digits is more than 200 TB. */
const CHUNK = /^([\da-f]{1,12})(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[\t\x20-\x21\x23-\x5b\x5d-\x7e]*"))?)*$/i;

/** Most digits of a size that is read without making text of it. */
const MAX_SHORT = 7;

const SIZE = 0;
const DATA = 1;
const DATA_END = 2;
const TRAILER = 3;
const OVER = 4;

/** Reads a body in chunks (RFC 9112, section 7.1). What is in trailers and extensions nobody here asks for. */
export class ChunkedBody {
  #state = SIZE;
  /** Bytes of the chunk that have not come. */
  #left = 0;
  /** The beginning of a line whose end has not come. */
  #line = '';
  /** Bytes of trailer lines so far. */
  #trailers = 0;

  /** Whether its end was read. */
  get isOver(): boolean {
    return this.#state === OVER;
  }

  /**
   * Reads up to the end of the body, or of the bytes.
   *
   * @param sink takes the pieces of the body
   * @returns where the reading has ended
   * @throws BadAnswer
   */
  read(bytes: Buffer, from: number, sink: Pick<AnswerSink, 'data'>): number {
    let at = from;
    while (at < bytes.length && this.#state !== OVER) {
      if (this.#state !== DATA) {
        const short = this.#readShort(bytes, at);
        at = short > at ? short : this.#readLine(bytes, at);
        continue;
      }
      const end = Math.min(at + this.#left, bytes.length);
      const piece = bytes.subarray(at, end);
      this.#left -= piece.length;
      at = end;
      if (this.#left === 0) this.#state = DATA_END;
      if (!sink.data(piece)) return at;
    }
    return at;
  }

  /** Reads a line as nearly all are, a size alone or nothing, without making text of it; every other one is left where it is. */
  #readShort(bytes: Buffer, from: number): number {
    if (this.#line !== '') return from;
    let at = from;
    let size = 0;
    for (let digit = digitOf(bytes[at]); digit >= 0 && at - from < MAX_SHORT; digit = digitOf(bytes[at])) {
      size = size * 16 + digit;
      at += 1;
    }
    const isSize = this.#state === SIZE;
    if (bytes[at] !== CR || bytes[at + 1] !== LF || at > from !== isSize) return from;
    if (isSize) this.#begin(size);
    else this.#state = this.#state === DATA_END ? SIZE : OVER;
    return at + 2;
  }

  #readLine(bytes: Buffer, from: number): number {
    const lf = bytes.indexOf(LF, from);
    const end = lf < 0 ? bytes.length : lf + 1;
    if (this.#line.length + end - from > MAX_LINE) throw new BadAnswer('HPE_HEADER_OVERFLOW', 'A line between its chunks has no end.');
    const line = this.#line + bytes.toString('latin1', from, end);
    if (lf < 0) this.#line = line;
    else {
      this.#line = '';
      if (line.charCodeAt(line.length - 2) !== CR) throw new BadAnswer('HPE_STRICT', 'A line between its chunks does not end with CR LF.');
      this.#endLine(line.slice(0, -2));
    }
    return end;
  }

  #endLine(line: string): void {
    if (this.#state === SIZE) this.#beginChunk(line);
    else if (this.#state === DATA_END) {
      if (line !== '') throw new BadAnswer('HPE_STRICT', 'A chunk is longer than it says.');
      this.#state = SIZE;
    } else this.#endTrailer(line);
  }

  #beginChunk(line: string): void {
    const [, size] = CHUNK.exec(line) ?? [];
    if (size === undefined) throw new BadAnswer('HPE_INVALID_CHUNK_SIZE', 'A chunk begins without its size.');
    this.#begin(Number.parseInt(size, 16));
  }

  #begin(size: number): void {
    this.#left = size;
    this.#state = this.#left === 0 ? TRAILER : DATA;
  }

  #endTrailer(line: string): void {
    this.#trailers += line.length;
    if (this.#trailers > MAX_LINE) throw new BadAnswer('HPE_HEADER_OVERFLOW', 'Its trailers have no end.');
    const colon = line.indexOf(':');
    if (line === '') this.#state = OVER;
    else if (!isHeaderName(line.slice(0, Math.max(colon, 0))) || !isHeaderValue(line.slice(colon + 1)))
      throw new BadAnswer('HPE_INVALID_HEADER_TOKEN', 'It has a trailer line that is no header.');
  }
}

/** The value of a hexadecimal digit; -1 for what is none. */
function digitOf(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

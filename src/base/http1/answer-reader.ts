import { type AnswerHead, CHUNKED, readAnswerHead, UNTIL_CLOSE } from './answer-head.ts';
import { BadAnswer, notHttp } from './bad-answer.ts';
import { ChunkedBody } from './chunked-body.ts';
import type { FieldNames } from './field-names.ts';

/** Longest head of an answer, in bytes: as Node's own parser has it. */
const MAX_HEAD = 16 * 1024;
const START = 'HTTP/1.';
const HEAD_END = '\r\n\r\n';
/** A line end that is none in HTTP, with the byte before or after it. */
const BARE_LINE_END = /[^\r]\n|\r[^\n]/;

/** Takes an answer as it is read. */
export interface AnswerSink {
  head(head: AnswerHead): void;
  /** @param piece is overwritten once this has returned. False: no more is wanted. */
  data(piece: Buffer): boolean;
}

/** Reads the answers on one connection, one after the other. */
export class AnswerReader {
  readonly #names: FieldNames<string>;
  readonly #sink: AnswerSink;
  /** The beginning of a head whose end has not come. */
  #partial: Buffer | undefined;
  #hasHead = false;
  /** Bytes of the body that have not come, or how else it ends. */
  #left = 0;
  #chunks: ChunkedBody | undefined;

  constructor(names: FieldNames<string>, sink: AnswerSink) {
    this.#names = names;
    this.#sink = sink;
  }

  /** Whether an answer was read to its end; the next one can be then. */
  get isOver(): boolean {
    return this.#hasHead && (this.#chunks ? this.#chunks.isOver : this.#left === 0);
  }

  /** Whether anything of the answer was read. */
  get hasBegun(): boolean {
    return this.#hasHead || this.#partial !== undefined;
  }

  /** Whether it is the end of the connection that ends the answer. */
  get endsWithConnection(): boolean {
    return this.#hasHead && this.#left === UNTIL_CLOSE;
  }

  /** Makes it ready for the next answer. */
  next(): void {
    this.#hasHead = false;
    this.#chunks = undefined;
  }

  /**
   * Reads up to the end of the head, of what the sink wants, or of the bytes.
   *
   * @returns where the reading has ended
   * @throws BadAnswer
   */
  read(bytes: Buffer, from: number): number {
    if (!this.#hasHead) return this.#readHead(bytes, from);
    if (this.#chunks) return this.#chunks.read(bytes, from, this.#sink);
    const end = this.#left === UNTIL_CLOSE ? bytes.length : Math.min(bytes.length, from + this.#left);
    if (this.#left !== UNTIL_CLOSE) this.#left -= end - from;
    this.#sink.data(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
    return end;
  }

  #readHead(bytes: Buffer, from: number): number {
    const known = this.#partial?.length ?? 0;
    const held = this.#partial ? Buffer.concat([this.#partial, bytes.subarray(from)]) : bytes;
    const start = this.#partial ? 0 : from;
    const end = held.indexOf(HEAD_END, Math.max(start, known - HEAD_END.length), 'latin1');
    if ((end < 0 ? held.length : end) - start > MAX_HEAD) throw new BadAnswer('HPE_HEADER_OVERFLOW', 'Its header section is too long.');
    if (end < 0) {
      // What begins otherwise may never come to an end that is waited for.
      if (!START.startsWith(held.toString('latin1', start, start + START.length))) throw notHttp();
      if (BARE_LINE_END.test(held.toString('latin1', Math.max(start, known - 1))))
        throw new BadAnswer('HPE_STRICT', 'A line of its head does not end with CR LF.');
      this.#partial = this.#partial ? held : Buffer.from(held.subarray(from));
      return bytes.length;
    }
    this.#partial = undefined;
    this.#begin(readAnswerHead(held.toString('latin1', start, end), this.#names));
    return end + HEAD_END.length - start + from - known;
  }

  #begin(head: AnswerHead): void {
    if (head.status === 101) throw new BadAnswer('HPE_PAUSED_UPGRADE', 'It changes to another protocol, which nobody asked for.');
    // The answer itself is still to come.
    if (head.status < 200) return;
    this.#hasHead = true;
    this.#left = head.length;
    if (head.length === CHUNKED) this.#chunks = new ChunkedBody();
    this.#sink.head(head);
  }
}

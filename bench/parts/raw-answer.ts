/** One HTTP answer: its size is counted, its body is put together only when somebody asks. */
export interface RawAnswer {
  readonly status: number;
  /** Of the body, without the marks of its transfer encoding. */
  readonly bytes: number;
  /** The server will close the connection. */
  readonly closes: boolean;
  header(name: string): string | undefined;
  body(): string;
}

const HEAD_END = '\r\n\r\n';
/** Longer heads than this are no answer of any server here. */
const MAX_HEAD = 65_536;

/** Reads one answer from the chunks of a socket: by its length, or chunk by chunk; one without either has no body. */
export class AnswerReader {
  #head = '';
  #early: Buffer = Buffer.alloc(0);
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  /** Bytes of the body, or of the current chunk, that are still to come. */
  #left = 0;
  #isChunked = false;
  /** What has come of the line that says the size of the next chunk, also of the end of line before it. */
  #sizeLine = '';

  /** Whether any byte of the answer has come. */
  get hasBegun(): boolean {
    return this.#head !== '' || this.#early.length > 0;
  }

  /**
   * @returns the answer once it is complete.
   * @throws never; what is no HTTP becomes an answer with status 0.
   */
  read(chunk: Buffer): RawAnswer | undefined {
    if (this.#head !== '') return this.#isChunked ? this.#readChunks(chunk) : this.#readLength(chunk);
    this.#early = this.#early.length === 0 ? chunk : Buffer.concat([this.#early, chunk]);
    const end = this.#early.indexOf(HEAD_END);
    if (end < 0) return this.#early.length > MAX_HEAD ? this.#answer() : undefined;
    this.#head = this.#early.toString('latin1', 0, end);
    this.#isChunked = this.#header('transfer-encoding')?.toLowerCase() === 'chunked';
    this.#left = Number(this.#header('content-length') ?? 0);
    const rest = this.#early.subarray(end + HEAD_END.length);
    return this.#isChunked ? this.#readChunks(rest) : this.#readLength(rest);
  }

  #readLength(chunk: Buffer): RawAnswer | undefined {
    this.#take(chunk.subarray(0, this.#left));
    return this.#left === 0 ? this.#answer() : undefined;
  }

  #readChunks(chunk: Buffer): RawAnswer | undefined {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        this.#take(part);
        at += part.length;
        continue;
      }
      const end = chunk.indexOf('\n', at);
      this.#sizeLine += chunk.toString('latin1', at, end < 0 ? chunk.length : end);
      if (end < 0) return undefined;
      at = end + 1;
      const line = this.#sizeLine.trim();
      this.#sizeLine = '';
      // The end of the chunk before; after the last one, of size 0, comes an empty line too, which ends the answer.
      if (line === '') {
        if (this.#isLast) return this.#answer();
        continue;
      }
      this.#left = Number.parseInt(line, 16);
      this.#isLast = this.#left === 0;
    }
    return undefined;
  }

  #isLast = false;

  #take(part: Buffer): void {
    if (part.length === 0) return;
    this.#left -= part.length;
    this.#bytes += part.length;
    this.#parts.push(part);
  }

  #header(name: string): string | undefined {
    const at = this.#head.toLowerCase().indexOf(`\r\n${name}:`);
    if (at < 0) return undefined;
    const start = at + name.length + 3;
    const end = this.#head.indexOf('\r\n', start);
    return this.#head.slice(start, end < 0 ? undefined : end).trim();
  }

  #answer(): RawAnswer {
    return {
      status: this.#head.startsWith('HTTP/1.1 ') ? Number(this.#head.slice(9, 12)) : 0,
      bytes: this.#bytes,
      closes: this.#header('connection')?.toLowerCase() === 'close',
      header: (name) => this.#header(name),
      body: () => Buffer.concat(this.#parts).toString(),
    };
  }
}

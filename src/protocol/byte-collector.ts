/** Chunks that make more than this are copied together as they come: thousands of small ones would keep the garbage collector busy. In bytes. */
const SLAB = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** Collects chunks and gives them as one: as it came where there is only one, and else copied once, or twice where the length was not told. */
export class ByteCollector {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How much of the last chunk is used, which is a slab then; all of it while they are kept as they came. */
  #used: number | undefined;
  #expected: number | undefined;

  /** How many bytes it holds. */
  get length(): number {
    return this.#bytes;
  }

  /** Tells how many bytes are to come in all. No more than {@link SLAB} is reserved for them before as many have come. */
  expect(bytes: number): void {
    this.#expected = bytes;
  }

  /** Adds a chunk that will be overwritten. */
  addCopyOf(chunk: Buffer): void {
    const expected = this.#expected;
    if (expected === undefined || this.#bytes > 0 || expected > SLAB || chunk.length > expected) {
      return this.#used === undefined ? this.add(Buffer.from(chunk)) : this.add(chunk);
    }
    this.#chunks = [Buffer.allocUnsafe(expected)];
    this.#used = 0;
    this.add(chunk);
  }

  /** Adds a chunk that stays as it is. */
  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#used === undefined && this.#bytes <= SLAB) this.#chunks.push(chunk);
    else this.#copy(chunk);
  }

  /** All of it; nothing is held after that. */
  take(): Buffer {
    const [first = NOTHING] = this.#chunks;
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks, this.#bytes) : first.subarray(0, this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
    this.#used = undefined;
    this.#expected = undefined;
    return whole;
  }

  #copy(chunk: Buffer): void {
    if (this.#used === undefined) this.#makeRoom(chunk.length);
    let from = 0;
    while (from < chunk.length) {
      const slab = this.#slab();
      const used = this.#used ?? 0;
      const copied = chunk.copy(slab, used, from);
      this.#used = used + copied;
      from += copied;
    }
  }

  /** Room for the whole where its length is known, which is filled with what came so far. */
  #makeRoom(next: number): void {
    const { length } = this;
    if (this.#expected === undefined || this.#expected < length) return;
    const room = Buffer.allocUnsafeSlow(this.#expected);
    let used = 0;
    for (const chunk of this.#chunks) used += chunk.copy(room, used);
    this.#chunks = [room];
    this.#used = length - next;
  }

  #slab(): Buffer {
    const last = this.#chunks.at(-1);
    if (last && this.#used !== undefined && this.#used < last.length) return last;
    const slab = Buffer.allocUnsafeSlow(SLAB);
    this.#chunks.push(slab);
    this.#used = 0;
    return slab;
  }
}

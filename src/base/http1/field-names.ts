/** Most names that are remembered: some hosts make up new ones for every answer. */
const MAX_NAMES = 200;

/** What names of header fields come to, judged once for those that come with every message. */
export class FieldNames<T> {
  readonly #known = new Map<string, T>();
  readonly #judge: (written: string) => T;

  /** @param judge may throw */
  constructor(judge: (written: string) => T) {
    this.#judge = judge;
  }

  /** @throws what the judge throws */
  of(written: string): T {
    const known = this.#known.get(written);
    if (known !== undefined) return known;
    const judged = this.#judge(written);
    if (this.#known.size < MAX_NAMES) this.#known.set(written, judged);
    return judged;
  }
}

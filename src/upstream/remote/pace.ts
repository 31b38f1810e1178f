/** So many lines of an event stream are read without a pause … */
const LINES_AT_ONCE = 1_000;
/** … and this long is the pause, in milliseconds: 20,000 lines a second are more than anybody means. */
const LINES_PAUSE_MS = 50;

const MIB = 1024 * 1024;
/** A message longer than this is read in steps of so many bytes … */
const LONG_MESSAGE = 8 * MIB;
const STEP = MIB / 4;
/** … with such a pause after each, in milliseconds. At 4 MiB a second the garbage collector has to interrupt everybody else once a second at most. */
const STEP_PAUSE_MS = 62.5;

/** How fast one answer is read: floods of events and long messages at a bounded rate, so that they leave time for everybody else. */
export class Pace {
  /** Whether there is anything yet that would have to be slowed down. */
  static isNeededFor(held: number, lines: number): boolean {
    return lines > 0 || held > LONG_MESSAGE;
  }

  /** Lines at the last look. */
  #seenLines = 0;
  /** Since the last pause: lines, and bytes of messages that are long. */
  #lines = 0;
  #long = 0;

  /**
   * @param bytes how many have come
   * @param held how many there are of the message that is not complete
   * @param lines how many lines of an event stream there were so far, since its beginning
   * @returns how long to read nothing now, in milliseconds
   */
  pauseAfter(bytes: number, held: number, lines: number): number {
    if (held > LONG_MESSAGE) this.#long += bytes;
    this.#lines += lines - this.#seenLines;
    this.#seenLines = lines;
    return this.#pauseForLines() + this.#pauseForLength();
  }

  #pauseForLines(): number {
    if (this.#lines < LINES_AT_ONCE) return 0;
    const pauseMs = (LINES_PAUSE_MS * this.#lines) / LINES_AT_ONCE;
    this.#lines = 0;
    return pauseMs;
  }

  #pauseForLength(): number {
    if (this.#long < STEP) return 0;
    const pauseMs = (STEP_PAUSE_MS * this.#long) / STEP;
    this.#long = 0;
    return pauseMs;
  }
}

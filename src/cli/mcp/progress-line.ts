import { numberOf, textOf } from '../json.ts';
import { printableLine } from '../style.ts';

/** Fewer changes than the eye can follow, in milliseconds. */
const REDRAW_EVERY_MS = 100;
const CLEAR = '\r\u001B[2K';

/** Where a line can be drawn. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** The progress of a call as one line that is drawn anew; nothing at all where there is no terminal. */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(terminal: Terminal, now: () => number = Date.now) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** Shows the params of a `notifications/progress`, unless the last ones were shown a moment ago. */
  show(params: unknown): void {
    const now = this.#now();
    if (this.#terminal.isTTY !== true || now - this.#drawnAt < REDRAW_EVERY_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.#terminal.write(`${CLEAR}${progressText(params, (this.#terminal.columns || 80) - 1)}`);
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#isDrawn) this.#terminal.write(CLEAR);
    this.#isDrawn = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }
}

/** `40%  2/5  message`, cut to so many columns. */
export function progressText(params: unknown, width: number): string {
  const [progress, total] = [numberOf(params, 'progress'), numberOf(params, 'total')];
  const message = printableLine(textOf(params, 'message'));
  const parts: string[] = [];
  if (progress !== undefined && total !== undefined && total > 0) {
    parts.push(`${Math.min(100, Math.max(0, Math.floor((progress / total) * 100)))}%`, `${progress}/${total}`);
  } else if (progress !== undefined) parts.push(String(progress));
  if (message !== '') parts.push(message);
  const text = parts.join('  ');
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

import { printable } from './style.ts';

/** One cell: its text, and how it is set off once it is padded. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Rows in columns, two spaces apart; the last column is not padded. Foreign text is made safe to show. */
export function columns(rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => oneLine(typeof cell === 'string' ? cell : cell.text)));
  const count = Math.max(0, ...texts.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...texts.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row, index) =>
    row
      .map((cell, at) => {
        const text = texts[index]?.[at] ?? '';
        const padded = at === row.length - 1 ? text : text.padEnd(widths[at] ?? 0);
        return typeof cell === 'string' ? padded : cell.paint(padded);
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** The first line of a text, safe to show and at most `max` characters long. */
export function oneLine(text: string, max = Infinity): string {
  const line =
    printable(text)
      .trim()
      .split(/[\n\t]/, 1)[0]
      ?.trimEnd() ?? '';
  return line.length > max ? `${line.slice(0, Math.max(0, max - 1))}…` : line;
}

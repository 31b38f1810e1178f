import { printable, type Style } from './style.ts';

/** A unified diff as a person is shown it. */
export function paintDiff(diff: string, style: Style): string {
  const paint = (line: string): string => {
    if (/^(?:\+\+\+|---|@@)/.test(line)) return style.quiet(line);
    return line.startsWith('+') ? style.good(line) : line.startsWith('-') ? style.bad(line) : line;
  };
  return printable(diff).trimEnd().split('\n').map(paint).join('\n');
}

import type { Spread } from './summary.ts';

/** The bars of one case. */
export interface Group {
  readonly name: string;
  readonly bars: readonly { readonly label: string; readonly spread: Spread }[];
}

const BAR = 14;
const GAP = 10;
const TOP = 52;
const LEFT = 140;
const WIDTH = 460;
const RIGHT = 150;
const HUB = '#2563eb';
const OTHERS = '#a3a3a3';
const INK = '#404040';
/** In each power of ten of the axis. */
const TICKS = [1, 2, 5];

/**
 * A plot of ratios as SVG: a bar from the line at 1 to each median, a whisker from the lowest to the highest round. The axis is
 * logarithmic, so that twice and half are equally far from the line.
 */
export function barPlot(title: string, groups: readonly Group[]): string {
  const values = groups.flatMap(({ bars }) => bars.flatMap(({ spread }) => spread)).filter((value) => value > 0);
  const ticks = ticksAround(Math.min(1, ...values), Math.max(1, ...values));
  const from = Math.log(ticks[0] ?? 1);
  const length = Math.log(ticks.at(-1) ?? 1) - from;
  const x = (value: number): number => LEFT + ((Math.log(value) - from) / length) * WIDTH;
  const rows: string[] = [];
  let y = TOP;
  for (const { name, bars } of groups) {
    rows.push(text(10, y + BAR - 3, name, 'start', 'bold'));
    for (const { label, spread } of bars) {
      rows.push(...bar(label, spread, y, x));
      y += BAR + 3;
    }
    y += GAP;
  }
  const axis = ticks.flatMap((tick) => [
    line(x(tick), TOP - 8, x(tick), y, '#e5e5e5'),
    text(x(tick), TOP - 14, `${Number(tick.toPrecision(1))}`, 'middle'),
  ]);
  const width = LEFT + WIDTH + RIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 6}" width="${width}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(10, 18, `${title}, relative to the yardstick (the line at 1)`, 'start', 'bold'),
    ...axis,
    ...rows,
    line(x(1), TOP - 8, x(1), y, INK),
    '</svg>\n',
  ].join('\n');
}

/** The ticks from the last one at or below `low` to the first one at or above `high`; two at least. */
function ticksAround(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.floor(Math.log10(high)) + 1;
  const all = Array.from({ length: last - first + 1 }, (_, at) => TICKS.map((tick) => tick * 10 ** (first + at))).flat();
  const begin = all.findLastIndex((tick) => tick <= low);
  const end = all.findIndex((tick) => tick >= high);
  return all.slice(begin, Math.max(end, begin + 1) + 1);
}

function bar(label: string, [middle, min, max]: Spread, y: number, x: (value: number) => number): string[] {
  const center = y + BAR / 2;
  const left = Math.min(x(1), x(middle));
  const cap = (value: number): string => line(x(value), center - 3, x(value), center + 3, INK);
  const color = label === 'hub' ? HUB : OTHERS;
  return [
    `<rect x="${left.toFixed(1)}" y="${y}" width="${Math.abs(x(middle) - x(1)).toFixed(1)}" height="${BAR}" fill="${color}"/>`,
    line(x(min), center, x(max), center, INK),
    cap(min),
    cap(max),
    text(Math.max(x(max), x(1)) + 6, y + BAR - 3, `${label} ${middle.toFixed(2)}`, 'start'),
  ];
}

function line(x1: number, y1: number, x2: number, y2: number, color: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1}" x2="${x2.toFixed(1)}" y2="${y2}" stroke="${color}"/>`;
}

function text(x: number, y: number, content: string, anchor: string, weight = 'normal'): string {
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" font-weight="${weight}" fill="${INK}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

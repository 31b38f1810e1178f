import type { Spread } from './summary.ts';

/** The bars of one case. */
export interface Group {
  readonly name: string;
  readonly bars: readonly { readonly label: string; readonly spread: Spread }[];
}

const BAR = 14;
const GAP = 10;
const TOP = 52;
const LEFT = 150;
const WIDTH = 460;
const RIGHT = 130;
const HUB = '#2563eb';
const OTHERS = '#a3a3a3';
const INK = '#404040';
/** Steps of the axis that read well. */
const STEPS = [0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const MOST_STEPS = 8;

/** A plot of ratios as SVG: a bar for each median, a whisker from the lowest to the highest round, a line at 1. */
export function barPlot(title: string, groups: readonly Group[]): string {
  const highest = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ spread: [, , max] }) => max)));
  const step = STEPS.find((one) => highest / one <= MOST_STEPS) ?? highest;
  const end = Math.ceil(highest / step) * step;
  const x = (value: number): string => (LEFT + (value / end) * WIDTH).toFixed(1);
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
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, at) => at * step);
  const axis = ticks.flatMap((tick) => [
    line(x(tick), TOP - 8, x(tick), y, '#e5e5e5'),
    text(Number(x(tick)), TOP - 14, `${Number(tick.toFixed(2))}`, 'middle'),
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

function bar(label: string, [middle, min, max]: Spread, y: number, x: (value: number) => string): string[] {
  const center = y + BAR / 2;
  const width = (Number(x(middle)) - LEFT).toFixed(1);
  const cap = (value: number): string => line(x(value), center - 3, x(value), center + 3, INK);
  return [
    `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" fill="${label === 'hub' ? HUB : OTHERS}"/>`,
    line(x(min), center, x(max), center, INK),
    cap(min),
    cap(max),
    text(Number(x(max)) + 6, y + BAR - 3, `${label} ${middle.toFixed(2)}`, 'start'),
  ];
}

function line(x1: string, y1: number, x2: string, y2: number, color: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"/>`;
}

function text(x: number, y: number, content: string, anchor: string, weight = 'normal'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-weight="${weight}" fill="${INK}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

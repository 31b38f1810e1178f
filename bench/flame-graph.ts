import type { Frame } from './profile-tree.ts';

const WIDTH = 1_200;
const ROW = 17;
/** Narrower frames are left out, in pixels. */
const MIN = 1.2;

/** A flame graph: who called whom from top to bottom, as wide as the time it took. */
export function flameGraph(root: Frame): string {
  const boxes: string[] = [];
  const depth = draw(root, 0, 0, WIDTH / root.total, boxes);
  const height = (depth + 1) * ROW + 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="ui-monospace, monospace" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...boxes,
    '</svg>\n',
  ].join('\n');
}

/** @returns how deep it goes */
function draw(frame: Frame, x: number, depth: number, scale: number, boxes: string[]): number {
  const width = frame.total * scale;
  const y = depth * ROW;
  const label = frame.stage === '' ? frame.name : `${frame.name} · ${frame.stage}`;
  const fits = Math.floor(width / 6.7) - 1;
  const text = fits < 3 ? '' : `<text x="${(x + 3).toFixed(1)}" y="${y + 13}">${escaped(label.slice(0, fits))}</text>`;
  boxes.push(
    `<g><title>${escaped(label)}</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(width - 0.5, 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colour(frame.stage)}"/>${text}</g>`,
  );
  let deepest = depth;
  let left = x;
  for (const child of [...frame.children.values()].toSorted((one, other) => other.total - one.total)) {
    const wide = child.total * scale;
    if (wide >= MIN) deepest = Math.max(deepest, draw(child, left, depth + 1, scale, boxes));
    left += wide;
  }
  return deepest;
}

/** The same for every stage: from its letters. */
function colour(stage: string): string {
  let hue = 20;
  for (const letter of stage) hue = (hue * 31 + letter.charCodeAt(0)) % 360;
  return stage === '' ? '#ddd' : `hsl(${hue} 70% 78%)`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

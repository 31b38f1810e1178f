/** What takes two columns of a terminal: the scripts of East Asia (Unicode Standard Annex 11, W and F), and emoji. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}])/u;
/** What takes none of its own: it stands above, below or between others. */
const EMPTY = /^[\p{Mark}\p{Format}]+$/u;

const ASCII = /^[\u0020-\u007E]*$/;

/** How many columns of a terminal a line takes. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  return characters(text).reduce((sum, character) => sum + widthOf(character), 0);
}

/** The line with blanks after it, so that it takes `width` columns. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** As much of the line as `width` columns hold, with an ellipsis where something is left out. */
export function cutTo(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = '';
  let left = width - 1;
  for (const character of characters(text)) {
    left -= widthOf(character);
    if (left < 0) break;
    cut += character;
  }
  return `${cut}…`;
}

/** What a person takes for one character each. */
function characters(text: string): readonly string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}

function widthOf(character: string): number {
  return EMPTY.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

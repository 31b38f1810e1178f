/** Longest piece of a config's or of somebody else's words in a message, in characters. */
const MAX_QUOTE = 300;

/** As much of a text as a message may show. Secrets are taken out before. */
export function shortened(text: string): string {
  return text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text;
}

/** The same on one line: for what others wrote. */
export function quote(text: string): string {
  return shortened(text.replace(/\s+/g, ' ').trim());
}

/** With a full stop, where none of its like is. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

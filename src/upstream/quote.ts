/** Longest piece of somebody else's words in a message, in characters. */
const MAX_QUOTE = 300;

/** As much of a text, on one line, as a message may quote. Secrets are taken out before. */
export function quote(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim();
  return plain.length > MAX_QUOTE ? `${plain.slice(0, MAX_QUOTE)}…` : plain;
}

/** With a full stop, where none of its like is. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

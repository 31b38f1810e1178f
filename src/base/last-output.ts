/** Lines in the text of an error. */
const MOST_LINES = 5;

const INTRODUCTION = 'Its last output was:';

/** What programs write around the reason of their end, and what says nothing of it. */
const NOISE = [
  // Blank, or punctuation alone: brackets that close, the marks under a place in a line, rules.
  /^[\p{P}\p{S}\s]*$/u,
  // Frames of a stack: JavaScript, Java and .NET; Ruby; Go. Python's stand above its reason and stay.
  /^\s+at\s.*(?:\)|:\d+|<anonymous>)(?:\s+in\s.*)?(?:\s*\{)?$/,
  /^\s+\.{3}\s.*\b(?:more|stack trace)\b/,
  /^\s+from\s\S+:\d+:in\s/,
  /^goroutine \d+ \[|^\t\S+:\d+(?: \+0x[0-9a-f]+)?$/,
  /^note: run with `RUST_BACKTRACE/,
  // Where in Node itself it was thrown.
  /^node:\S+:\d+$/,
  /^\s*throw \w+;?$/,
  /^(?:Node\.js|Bun) v\d/,
  /^npm (?:error|ERR!)(?: \d{3}| code .*| errno .*| syscall .*| A complete log of this run .*)?\s*$/,
];

const REASON = /^(?!\s).*(?:error|exception|fatal|panic|cannot|could not|not found|failed)/i;

/** The last lines of what a program wrote that may tell why it ended, for the end of an error message; empty when there are none. */
export function lastOutput(lines: readonly string[]): string {
  const telling = withoutNoise(lines);
  const last = telling.slice(-MOST_LINES);
  const reason = reasonAmong(telling);
  // What stands below the reason may be long.
  if (reason !== undefined && !last.includes(reason)) last.splice(0, last.length === MOST_LINES ? 1 : 0, reason);
  return last.length === 0 ? '' : ` ${INTRODUCTION}\n${last.map((line) => `  ${line}`).join('\n')}`;
}

/** Whether one of these lines says in so many words that something is wrong. */
export function tellsReason(lines: readonly string[]): boolean {
  return reasonAmong(withoutNoise(lines)) !== undefined;
}

/** An error message on one line: of what {@link lastOutput} has put at its end, the line that says most. */
export function onOneLine(message: string): string {
  const [first = '', ...rest] = message.trim().split('\n');
  if (!first.endsWith(INTRODUCTION)) return first;
  const lines = rest.map((line) => line.replace(/^ {2}/, ''));
  const said = reasonAmong(lines) ?? lines.at(-1) ?? '';
  return `${first.slice(0, -INTRODUCTION.length).trimEnd().replace(/\.$/, '')}: ${said.trim()}`;
}

function withoutNoise(lines: readonly string[]): string[] {
  return lines.filter((line) => !NOISE.some((noise) => noise.test(line)));
}

/** Of several in a row the first, which the others explain; of several rows the last, which is the nearest to the end. */
function reasonAmong(lines: readonly string[]): string | undefined {
  const isReason = (line: string | undefined): boolean => line !== undefined && REASON.test(line) && !line.endsWith(':');
  let at = lines.findLastIndex(isReason);
  while (isReason(lines[at - 1])) at -= 1;
  return lines[at];
}

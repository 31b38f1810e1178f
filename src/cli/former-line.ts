/** The booleans of the command line of 4.x, which a `true` or `false` may follow. */
const BOOLEANS = ['--watch', '--auto-shutdown'];
/** How 4.x also let options be written. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '-w': '--watch',
  '--autoShutdown': '--auto-shutdown',
  '--no-autoShutdown': '--no-auto-shutdown',
  '--shutdownDelay': '--shutdown-delay',
};

/**
 * The command line in one spelling. Scripts and plugins that were written for 4.x use what its parser allowed besides: `--autoShutdown`,
 * `--watch=false`, `--watch false`, `-p=3000`. What is none of that stays as it is.
 */
export function plainLine(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  const plain: string[] = [];
  for (let at = 0; at < options.length; at += 1) {
    const [name, value] = nameAndValue(options[at] ?? '');
    if (!BOOLEANS.includes(name)) {
      plain.push(value === undefined ? name : written(name, value));
      continue;
    }
    const next = options[at + 1];
    const follows = value === undefined && isBoolean(next);
    if (follows) at += 1;
    plain.push(...flag(name, follows ? next : value));
  }
  return [...plain, ...args.slice(options.length)];
}

function nameAndValue(text: string): readonly [string, string | undefined] {
  const sign = text.startsWith('-') ? text.indexOf('=') : -1;
  const name = sign < 0 ? text : text.slice(0, sign);
  return [OTHER_NAMES[name] ?? name, sign < 0 ? undefined : text.slice(sign + 1)];
}

/** A short option has its value right behind it. */
function written(name: string, value: string): string {
  return /^-[pc]$/.test(name) && value !== '' ? `${name}${value}` : `${name}=${value}`;
}

function flag(name: string, value: string | undefined): readonly string[] {
  if (value === 'false') return [`--no-${name.slice('--'.length)}`];
  return [value === undefined || value === 'true' ? name : `${name}=${value}`];
}

function isBoolean(text: string | undefined): text is 'true' | 'false' {
  return text === 'true' || text === 'false';
}

import type { HubError } from '../base/index.ts';
import type { ServerReport } from '../hub/index.ts';
import { printable, printableLine, type Style } from './style.ts';

const LABEL_WIDTH = 10;
const INDENT = ' '.repeat(LABEL_WIDTH + 2);
/** Notes of one server that are shown at once; two servers with the same thousand files would fill the screen. */
const MAX_NOTES = 5;

/** What the lines after the start have to tell. */
export interface Summary {
  readonly host: string;
  /** 0 for none. */
  readonly port: number;
  /** Where a person finds the API key that clients need; absent where they need none. */
  readonly keyPlace?: string | undefined;
  /** The path of a Unix socket. */
  readonly socket?: string | undefined;
  readonly servers: readonly ServerReport[];
  /** The config files that were read, for the case that there are no servers in them. */
  readonly configFiles: readonly string[];
  readonly logFile: string;
}

/** The lines for one server's state; none for a state that a person need not hear of. */
export function renderServer(report: ServerReport, nowMs: number, style: Style): string[] {
  const { state } = report;
  const name = style.strong(printableLine(report.name));
  switch (state.kind) {
    case 'ready':
      return [line(style.good, 'ready', `${name}  ${offer(report)}  ${style.quiet(`(${duration(state.tookMs)})`)}`)];
    case 'backoff': {
      const next = `Attempt ${state.attempt} failed; the next one is in ${duration(Math.max(0, state.untilMs - nowMs))}.`;
      return [...problem(style.caution, 'waiting', name, state.last), INDENT + next];
    }
    case 'auth-required':
      return problem(style.caution, 'login', name, state.error);
    case 'failed':
      return problem(style.bad, 'failed', name, state.error);
    case 'disabled':
    case 'stopped':
    case 'starting':
    case 'stopping':
      return [];
  }
}

/** Hidden tools, name collisions and the like, under the server's line. */
export function renderNotes(serverName: string, notes: readonly string[], style: Style): string[] {
  const lines = notes.slice(0, MAX_NOTES).map((note) => line(style.caution, 'note', `${printableLine(serverName)}: ${indentRest(note)}`));
  const more = notes.length - lines.length;
  if (more > 0) lines.push(line(style.caution, 'note', `${printableLine(serverName)}: ${more} more like these stand in the log file`));
  return lines;
}

/** Where the hub is, for whoever waits for servers that take their time. */
export function renderOpened({ host, port, socket }: Pick<Summary, 'host' | 'port' | 'socket'>, style: Style): string[] {
  const places = [...(port === 0 ? [] : [`${originOf(host, port)}/mcp`]), ...(socket === undefined ? [] : [printable(socket)])];
  return [`Listening at ${places.map(style.strong).join(' and ')}, while the servers start.`];
}

/** How many servers are ready, the addresses, and what to paste into a client. */
export function renderSummary(summary: Summary, style: Style): string[] {
  const { host, port, keyPlace, socket, logFile } = summary;
  const ready = names(summary.servers, ['ready']);
  return [
    '',
    ...counts(summary, ready.length),
    '',
    ...(port === 0 ? [] : addressLines(originOf(host, port), ready, style)),
    ...(socket === undefined ? [] : [`Unix socket:   ${style.strong(printable(socket))}`]),
    `Log file:      ${printable(logFile)}`,
    '',
    ...(port === 0 ? [] : clientLines(originOf(host, port), keyPlace)),
  ];
}

function addressLines(origin: string, ready: readonly string[], style: Style): string[] {
  const all = `All servers:   ${style.strong(`${origin}/mcp`)}`;
  return ready.length > 0 ? [all, `One server:    ${origin}/mcp/<server>  (${ready.map(encodeURIComponent).join(', ')})`] : [all];
}

function clientLines(origin: string, keyPlace: string | undefined): string[] {
  const headers = keyPlace !== undefined && { headers: { Authorization: 'Bearer <key>' } };
  const snippet = JSON.stringify({ mcpServers: { Hub: { url: `${origin}/mcp`, ...headers } } });
  const advice = keyPlace === undefined ? 'Connect a client with "mcp-hub connect <client>", or put this' : 'To connect a client, put this';
  return [
    `${advice} into its configuration:`,
    `  ${snippet.replaceAll(':{', ': {').replaceAll('":"', '": "').replaceAll(',"', ', "')}`,
    ...(keyPlace === undefined ? [] : [`The hub asks for an API key: in place of <key> goes ${printable(keyPlace)}.`]),
    '',
  ];
}

/** The address for a client on this machine; one that stands for "every address" is reached by the loopback name. */
function originOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function counts(summary: Summary, ready: number): string[] {
  const { servers } = summary;
  if (servers.length === 0) {
    const files = summary.configFiles.map(printable).join(', ');
    return [`No servers are configured in ${files}.`, 'Add one with "mcp-hub add", or those of another client with "mcp-hub import".'];
  }
  const waiting = (by: readonly (string | undefined)[]): string[] =>
    servers.flatMap(({ name, state }) => (state.kind === 'stopped' && by.includes(state.reason) ? [name] : []));
  // Those that are as they are to be: none of them is missing.
  const apart = [
    ['Asleep until a call', waiting(['lazy', 'idle'])],
    ['Started by hand only', waiting(['manual'])],
    ['Disabled', names(servers, ['disabled'])],
  ] as const;
  const expected = apart.reduce((left, [, some]) => left - some.length, servers.length);
  const told = [['Still starting', names(servers, ['starting'])] as const, ...apart].filter(([, some]) => some.length > 0);
  return [
    ...(expected > 0 ? [`${ready} of ${plural(expected, 'server')} ready.`] : []),
    ...told.map(([what, some]) => `${what}: ${some.map(printable).join(', ')}.`),
  ];
}

function names(servers: readonly ServerReport[], kinds: readonly ServerReport['state']['kind'][]): string[] {
  return servers.filter((report) => kinds.includes(report.state.kind)).map((report) => report.name);
}

/** The error's own words say what happened and what to do; an exit code is added where they leave it out. */
function problem(colour: (text: string) => string, label: string, name: string, error: HubError): string[] {
  const words = printable(error.message);
  const exitCode = error.details['exitCode'];
  const facts = typeof exitCode === 'number' && !words.includes(String(exitCode)) ? [`Exit code ${exitCode}.`] : [];
  return [line(colour, label, `${name}  ${indentRest(words)}`), ...facts.map((fact) => INDENT + fact)];
}

function line(colour: (text: string) => string, label: string, text: string): string {
  return `  ${colour(label.padEnd(LABEL_WIDTH))}${text}`;
}

function indentRest(text: string): string {
  return printable(text).trimEnd().split('\n').join(`\n${INDENT}`);
}

function offer({ counts }: ServerReport): string {
  const parts = [
    [counts.tools, 'tool'],
    [counts.prompts, 'prompt'],
    [counts.resources, 'resource'],
    [counts.resourceTemplates, 'resource template'],
  ] as const;
  const offered = parts.filter(([count]) => count > 0).map(([count, word]) => plural(count, word));
  return offered.length > 0 ? offered.join(', ') : 'offers nothing';
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** `850 ms`, `2.4 s`, `35 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`;
}

import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { HubError, hubPaths, sleep, systemClock } from '../../base/index.ts';
import { type ApiClient, connectHub, surroundings } from '../api-client.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { shown } from '../content.ts';
import { listOf, memberOf, numberOf, textOf } from '../json.ts';
import { lastLines, renderRecord, timeOf } from '../log-lines.ts';
import { isOwnHub, type RunningHub } from '../running-hubs.ts';
import { allServers, serverNamed } from '../servers.ts';

const DEFAULT_LINES = 50;
/** What is told, from the least on. */
const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'];
/** How often a server's lines are asked for with `--follow`, in milliseconds. */
const LOOK_EVERY_MS = 500;

export const command: CommandSpec = {
  configure: (line: Command) =>
    line
      .description(
        "Prints the hub's log, or what a server has written to its standard error. All your hubs write one log: the options below choose one. With --json and --follow: one JSON document per line.",
      )
      .argument('[server]', 'the standard error of this server')
      .option('-f, --follow', 'go on with what comes')
      .option('-n, --lines <number>', `how many of the last lines (default: ${DEFAULT_LINES})`, lineCount)
      .addOption(new Option('--level <level>', "the hub's records of this level and above (default: info)").choices([...LEVELS])),
  examples: ['mcp-hub logs', 'mcp-hub logs -f', 'mcp-hub logs --port 37373', 'mcp-hub logs github -n 20', 'mcp-hub logs -f github'],
  async run([server], options, io) {
    const lines = typeof options['lines'] === 'number' ? options['lines'] : DEFAULT_LINES;
    const isFollowing = options['follow'] === true;
    if (server !== undefined) return serverLog(await connectHub(options, io), server, { lines, isFollowing }, io);
    const isNamed = ['port', 'hub', 'socket', 'config'].some((name) => options[name] !== undefined);
    // The file is there without a hub too: it tells why one has gone.
    const client = isFollowing || isNamed ? await connectHub(options, io) : undefined;
    const level = LEVELS.indexOf(typeof options['level'] === 'string' ? options['level'] : 'info');
    await hubLog(client, { lines, isFollowing, level, isNamed }, io);
  },
};

interface LogChoice {
  readonly lines: number;
  readonly isFollowing: boolean;
}

interface HubLogChoice extends LogChoice {
  readonly level: number;
  /** The options say which hub; all hubs of a person write into one file. */
  readonly isNamed: boolean;
}

function notHere({ origin }: RunningHub, path: string): HubError {
  const message =
    `The log of the hub at ${origin} is not here: it is not in the list of the hubs that run for you on this machine, whose log is ${path}. ` +
    '--follow prints what that hub tells from now on.';
  return new HubError('HUB_NOT_FOUND', message, { details: { origin } });
}

async function recordsIn(path: string): Promise<readonly unknown[]> {
  return (await lastLines(path)).map(recordOf);
}

/** @throws HubError HUB_NOT_FOUND for one that writes somewhere else, where its lines are all that is asked for */
async function recordsOfHub(hub: RunningHub, path: string, isFollowing: boolean, io: CommandIo): Promise<readonly unknown[]> {
  if (await isOwnHub(hub, surroundings(io))) return (await recordsIn(path)).filter((record) => numberOf(record, 'pid') === hub.pid);
  if (isFollowing) return [];
  throw notHere(hub, path);
}

async function hubLog(client: ApiClient | undefined, { lines, isFollowing, level, isNamed }: HubLogChoice, io: CommandIo): Promise<void> {
  const path = join(hubPaths(io.process.env).logDir, 'mcp-hub.log');
  // A record of no known level is somebody else's, and told.
  const isWanted = (record: unknown): boolean => {
    const at = LEVELS.indexOf(textOf(record, 'type'));
    return at < 0 || at >= level;
  };
  const hub = isNamed ? client?.hub : undefined;
  const wanted = (hub ? await recordsOfHub(hub, path, isFollowing, io) : await recordsIn(path)).filter(isWanted);
  const records = lines > 0 ? wanted.slice(-lines) : [];
  if (isFollowing && client) return followHub(client, records, isWanted, io);
  if (io.isJson) return io.printJson({ file: path, records });
  if (records.length === 0) return io.tell(nothingToTell(path, { hub, isAsked: lines > 0, isFiltered: level > LEVELS.indexOf('info') }));
  io.print(records.map((record) => renderRecord(record, io.style)).join('\n'));
}

function nothingToTell(path: string, { hub, isAsked, isFiltered }: { hub: unknown; isAsked: boolean; isFiltered: boolean }): string {
  if (!isAsked) return `No line was asked for; the log is ${path}.`;
  return `Nothing${isFiltered ? ' of that level' : ''}${hub ? ' of this hub' : ''} is in ${path}.`;
}

/** Prints these records, and then what the hub tells. */
async function followHub(
  client: ApiClient,
  records: readonly unknown[],
  isWanted: (record: unknown) => boolean,
  io: CommandIo,
): Promise<void> {
  const tell = (record: unknown): void => io.print(io.isJson ? JSON.stringify(record) : renderRecord(record, io.style));
  records.forEach(tell);
  for await (const { name, data } of client.events()) if (name === 'log' && isWanted(data)) tell(data);
  if (!io.signal.aborted) throw new HubError('HUB_NOT_FOUND', 'The hub has closed the stream: it is going down.');
}

async function serverLog(client: ApiClient, server: string, { lines, isFollowing }: LogChoice, io: CommandIo): Promise<void> {
  const path = `/api/servers/${encodeURIComponent(server)}/log`;
  serverNamed(await allServers(client), server);
  const entries = async (count: number): Promise<readonly unknown[]> => listOf(await client.get(`${path}?lines=${count}`), 'lines');
  let last = await entries(Math.max(1, lines));
  if (io.isJson && !isFollowing) return io.printJson({ server, lines: lines > 0 ? last : [] });
  for (const entry of lines > 0 ? last : []) io.print(lineOf(entry, io));
  if (last.length === 0 && !isFollowing) io.tell(`Server "${server}" has written nothing to its standard error.`);
  if (!isFollowing) return;
  while (!io.signal.aborted) {
    await sleep(systemClock, LOOK_EVERY_MS, io.signal);
    if (io.signal.aborted) return;
    const next = await entries(MAX_LINES);
    for (const entry of next.slice(sameUntil(last, next))) io.print(lineOf(entry, io));
    last = next;
  }
}

/** Most lines that are asked for at once. */
const MAX_LINES = 1_000;

/** How many of the lines that are there now have been told: the end of the ones before is looked for in them. */
export function sameUntil(before: readonly unknown[], now: readonly unknown[]): number {
  const texts = now.map((entry) => JSON.stringify(entry));
  const tail = before.slice(-16).map((entry) => JSON.stringify(entry));
  for (let end = texts.length; end > 0; end -= 1) {
    const length = Math.min(tail.length, end);
    if (length > 0 && tail.slice(-length).every((text, at) => text === texts[end - length + at])) return end;
  }
  return 0;
}

function lineOf(entry: unknown, io: CommandIo): string {
  if (io.isJson) return JSON.stringify(entry);
  const at = memberOf(entry, 'atMs') ?? memberOf(entry, 'timestamp');
  const time = typeof at === 'number' || typeof at === 'string' ? timeOf(at) : '';
  return `${io.style.quiet(time)} ${shown(textOf(entry, 'text'), io)}`;
}

function recordOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Expected: SyntaxError, a line that somebody else has written.
    return { type: '', message: line };
  }
}

function lineCount(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('it is a whole number up to 99999.');
  return Number(text);
}

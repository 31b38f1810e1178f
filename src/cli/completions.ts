import type { Command } from 'commander';
import { ApiClient, hubChoice, surroundings } from './api-client.ts';
import { serveOptions } from './args.ts';
import { clients } from './clients/table.ts';
import type { CommandIo } from './command.ts';
import { commandEntry, commandNames } from './command-table.ts';
import { oneLine } from './columns.ts';
import { textOf } from './json.ts';
import { mcpClient } from './mcp/connect.ts';
import { buildCommand } from './parse-command.ts';
import { chooseHub } from './running-hubs.ts';
import { allServers } from './servers.ts';

/** A person waits for the key they have pressed, in milliseconds. */
const ANSWER_WITHIN_MS = 1_500;

/** What may stand in the place of the last of `words`, which is unfinished; names of servers, tools and the like are live. */
export async function completions(words: readonly string[], io: CommandIo): Promise<readonly string[]> {
  const word = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const all = before.includes('--') ? [] : await candidates(word, before, io);
  // A shell takes every line for a word of its own; servers choose these names.
  return all.filter((text) => text.startsWith(word) && oneLine(text) === text);
}

async function candidates(word: string, before: readonly string[], io: CommandIo): Promise<readonly string[]> {
  const isOption = word.startsWith('-');
  const [name] = before;
  if (name === 'help' || (name === undefined && !isOption)) return commandNames();
  const entry = name === undefined ? undefined : commandEntry(name);
  if (name === undefined || !entry) return isOption ? serveOptions() : [];
  const { command: spec } = await entry.load();
  return inCommand(name, buildCommand({ name, summary: entry.summary, spec }), word, before, io);
}

async function inCommand(
  name: string,
  command: Command,
  word: string,
  before: readonly string[],
  io: CommandIo,
): Promise<readonly string[]> {
  const last = before.length > 1 ? before.at(-1) : undefined;
  const option = command.options.find(({ long, short }) => last !== undefined && (long === last || short === last));
  if (option?.required) return option.argChoices ?? live(option.long === '--server' ? 'server' : undefined, before, io);
  if (word.startsWith('-')) return [...command.options.flatMap(({ long }) => long ?? []), '--help'];
  const place = command.parseOptions(before.slice(1)).operands.length;
  const argument = command.registeredArguments[place];
  if (argument?.name().split('|', 1)[0] === 'client') return clients.map(({ id }) => id);
  return argument?.argChoices ?? live(argument && kindOf(name, argument.name()), before, io);
}

type LiveKind = 'server' | 'tool' | 'prompt' | 'uri' | undefined;

/** What an argument of that name stands for; a new server's name is the person's own. */
function kindOf(command: string, argument: string): LiveKind {
  if (argument === 'server' || argument === 'tool' || argument === 'prompt' || argument === 'uri') return argument;
  return command === 'servers' ? 'server' : undefined;
}

async function live(kind: LiveKind, before: readonly string[], io: CommandIo): Promise<readonly string[]> {
  if (kind === undefined) return [];
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  const api = new ApiClient(await chooseHub(hubChoice(hubOptions(before)), surroundings({ ...io, signal })), signal);
  if (kind === 'server') return (await allServers(api)).map(({ name }) => name);
  const list = { tool: 'tools', prompt: 'prompts', uri: 'resources' } as const;
  const items = await mcpClient(api, io.version, signal).list(list[kind]);
  return items.map((item) => textOf(item, kind === 'uri' ? 'uri' : 'name'));
}

/** The options on the unfinished line that say which hub. */
function hubOptions(words: readonly string[]): Readonly<Record<string, unknown>> {
  const valuesOf = (option: string): readonly string[] => words.flatMap((word, at) => (word === option ? (words[at + 1] ?? []) : []));
  return {
    port: valuesOf('--port').at(-1),
    hub: valuesOf('--hub').at(-1),
    socket: valuesOf('--socket').at(-1),
    config: valuesOf('--config'),
  };
}

import { resolve } from 'node:path';
import { HubError, hubPaths } from '../../base/index.ts';
import { hubChoice, surroundings } from '../api-client.ts';
import type { CommandIo } from '../command.ts';
import { keyFromFile } from '../hub-key.ts';
import { memberOf, textOf, textsOf } from '../json.ts';
import { DEFAULT_PORT } from '../option-values.ts';
import { asksForKey, chooseHubIfAny, type RunningHub } from '../running-hubs.ts';
import { unknownServer } from '../servers.ts';
import type { Client, HubAddress, HubTarget, Machine, Scope, Values } from './client.ts';
import { findProgram } from './find-program.ts';
import { machineOf } from './machine.ts';
import { tryKey } from './try-key.ts';

/**
 * What a client is to connect to, by the options of `connect`.
 *
 * @throws HubError USAGE for options that do not go together, and for a key that cannot be read; SERVER_NOT_FOUND when the hub that runs
 * has no such server; as {@link tryKey} for one that the hub does not take
 */
export async function hubTarget(client: Client, scope: Scope, options: Values, io: CommandIo): Promise<HubTarget> {
  const machine = machineOf(io.process);
  const server = typeof options['server'] === 'string' ? options['server'] : undefined;
  const { apiKeyFile } = options;
  if (client.spawnOnly !== true && options['stdio'] !== true) return addressOf({ client, scope, server, options }, io);
  if (apiKeyFile !== undefined) {
    const message = `${client.title} is to spawn "mcp-hub stdio", which finds the key of a hub on this machine by itself. Leave out --api-key-file.`;
    throw new HubError('USAGE', message);
  }
  const files = await configOf(textsOf(options['config']), server, machine, io);
  const args = ['stdio', '--config', ...files, ...(server === undefined ? [] : ['--server', server])];
  if (await findProgram('mcp-hub', machine)) return { kind: 'command', command: 'mcp-hub', args };
  const [node, script] = io.process.argv;
  if (node === undefined || script === undefined) throw new HubError('UNHANDLED_ERROR', 'The path of this command is not known.');
  return { kind: 'command', command: node, args: [script, ...args] };
}

interface Wish {
  readonly client: Client;
  readonly scope: Scope;
  readonly server: string | undefined;
  readonly options: Values;
}

async function addressOf(wish: Wish, io: CommandIo): Promise<HubTarget> {
  const { scope, server, options } = wish;
  const { apiKeyFile } = options;
  const file = typeof apiKeyFile === 'string' ? apiKeyFile : undefined;
  const key = file === undefined ? undefined : await keyToWrite(scope, resolve(machineOf(io.process).cwd, file));
  const { port, asks, origin } = await hubAt(wish, io);
  if (key && file !== undefined && origin !== undefined) await tryKey(origin, { key, file }, io);
  return { kind: 'url', url: `http://localhost:${port}/mcp${server === undefined ? '' : `/${encodeURIComponent(server)}`}`, key, asks };
}

async function keyToWrite(scope: Scope, file: string): ReturnType<typeof keyFromFile> {
  if (scope === 'project')
    throw new HubError('USAGE', 'A file of the project is for others too, and a key is not. Leave out --scope project.');
  return keyFromFile(file);
}

/** In full, because a client may start the command in any folder: what was named, else what the running hub has, else the default. */
async function configOf(named: readonly string[], server: string | undefined, machine: Machine, io: CommandIo): Promise<readonly string[]> {
  const isAsked = named.length === 0 || server !== undefined;
  const hub = isAsked ? await chooseHubIfAny({ configFiles: named }, surroundings(io)) : undefined;
  if (hub) checkServer(hub, server);
  if (named.length > 0) return named.map((file) => resolve(machine.cwd, file));
  const files = hub?.entry?.config_files.map((file) => resolve(hub.entry?.cwd ?? machine.cwd, file)) ?? [];
  return files.length > 0 ? files : [hubPaths(machine.env).defaultConfigFile];
}

/** What a hub says of itself to nobody without a key is left to the client to find out. @throws HubError SERVER_NOT_FOUND */
function checkServer({ health }: RunningHub, server: string | undefined): void {
  const all = memberOf(health, 'servers');
  if (server === undefined || !Array.isArray(all)) return;
  const names = all.map((one) => textOf(one, 'name'));
  if (!names.includes(server)) throw unknownServer(server, names, 'is in the hub that runs');
}

/** Where the hub is, or will be. */
interface Place extends Pick<HubAddress, 'asks'> {
  readonly port: number;
  /** Of one that runs. */
  readonly origin: string | undefined;
}

/** @throws HubError USAGE */
function checkAddress({ port, pid }: RunningHub, { title }: Client): void {
  if (port !== undefined) return;
  const message = `The hub that runs (pid ${pid ?? '?'}) has a socket alone, and no address that ${title} could be given.`;
  throw new HubError('USAGE', `${message} With --stdio the client spawns "mcp-hub stdio", which finds it.`);
}

/** @throws HubError as {@link checkServer} and {@link checkAddress} */
async function hubAt({ client, server, options }: Wish, io: CommandIo): Promise<Place> {
  const { port, configFiles } = hubChoice(options);
  if (port === 0) throw new HubError('USAGE', '--port 0 is no address: give the port that the hub listens on.');
  const hub = await chooseHubIfAny({ port, configFiles }, surroundings(io));
  if (hub) {
    checkServer(hub, server);
    checkAddress(hub, client);
  }
  // A port that is named is taken at its word: the hub may not run yet.
  if (!hub && port === undefined) io.tell(`note: no hub runs now; the entry is for port ${DEFAULT_PORT}. --port names another one.`);
  return { port: port ?? hub?.port ?? DEFAULT_PORT, asks: hub && (await whoAsks(hub, io.signal)), origin: hub?.origin };
}

async function whoAsks(hub: RunningHub, signal: AbortSignal): Promise<HubAddress['asks']> {
  if (!(await asksForKey(hub, signal))) return undefined;
  return hub.entry?.pid === undefined ? 'foreign' : 'own';
}

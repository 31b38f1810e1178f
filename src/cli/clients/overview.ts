import { type HubError, isHubError } from '../../base/index.ts';
import { formatDiagnostic } from '../../config/index.ts';
import type { CommandIo } from '../command.ts';
import { diagnosticsOf } from '../diagnostics.ts';
import { type Client, isRecord, type Machine, placesOf } from './client.ts';
import { readClientFile } from './client-file.ts';
import { findServers } from './import-plan.ts';
import { addressIn, isHubEntry } from './own-entry.ts';
import { clients } from './table.ts';

/** One config file of a client that is there. */
export interface ClientState {
  readonly client: Client;
  readonly file: string;
  /** The servers in it, the hub not counted. */
  readonly servers: readonly string[];
  /** The name of the hub's entry in it. */
  readonly hub: string | undefined;
  /** Where that entry leads; `undefined` where it spawns the hub. */
  readonly address?: string | undefined;
  /** Why it cannot be read. */
  readonly problem?: string;
}

export interface Surroundings {
  readonly machine: Machine;
  /** Of the hubs that run. */
  readonly ports: readonly number[];
}

/** The config files of every client on this machine. */
export async function surveyClients({ machine, ports }: Surroundings): Promise<readonly ClientState[]> {
  const states: ClientState[] = [];
  for (const client of clients) {
    for (const place of placesOf(client, machine)) {
      try {
        const { bytes } = await readClientFile(place.path);
        if (!bytes) continue;
        const found = await findServers(client, machine, [place]);
        const hub = found.find(({ name, raw }) => isHubEntry(name, raw, ports));
        const servers = found.filter(({ name, raw }) => !isHubEntry(name, raw, ports)).map(({ name }) => name);
        const address = isRecord(hub?.raw) ? addressIn(hub.raw) : undefined;
        states.push({ client, file: place.path, servers: [...new Set(servers)], hub: hub?.name, address });
      } catch (error) {
        if (!isHubError(error)) throw error;
        states.push({ client, file: place.path, servers: [], hub: undefined, problem: problemOf(error) });
      }
    }
  }
  return states;
}

/** With its place, and without advice: whoever tells of it has their own. */
function problemOf(error: HubError): string {
  const [diagnostic] = diagnosticsOf(error.details);
  return diagnostic ? formatDiagnostic(diagnostic) : error.message;
}

/** `mcp-hub import` without an argument. */
export async function tellClients(surroundings: Surroundings, io: CommandIo): Promise<void> {
  const states = await surveyClients(surroundings);
  if (io.isJson) {
    const list = states.map(({ client, file, servers, hub, problem }) => ({
      client: client.id,
      file,
      servers,
      hub: hub ?? null,
      problem: problem ?? null,
    }));
    return io.printJson({ clients: list });
  }
  if (states.length === 0) io.print('No client that this command knows has a config file on this machine.');
  for (const { client, file, servers, hub, problem } of states) {
    const count = servers.length === 1 ? '1 server' : `${servers.length} servers`;
    const state =
      problem ?? `${count}${servers.length > 0 ? `: ${servers.join(', ')}` : ''}${hub === undefined ? '' : ' (connected to the hub)'}`;
    io.print(`${io.style.strong(client.id.padEnd(14))} ${state}\n${' '.repeat(15)}${io.style.quiet(file)}`);
  }
  if (states.some(({ servers }) => servers.length > 0))
    io.print('\nTake them over with "mcp-hub import <client>"; --dry-run shows what would change.');
}

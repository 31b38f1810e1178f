import { type ClientState, type Surroundings, surveyClients } from '../clients/overview.ts';
import { probeHub } from '../health-probe.ts';
import { type Finding, ok, warn } from './finding.ts';

/** Which clients are on this machine, and which of them know the hub. @param port that a hub would take here */
export async function clientFindings(surroundings: Surroundings, port: number): Promise<readonly Finding[]> {
  const states = await surveyClients(surroundings);
  if (states.length === 0) return [ok('client', 'No client has a config file here.')];
  return Promise.all(states.map((state) => findingOf(state, surroundings.ports, port)));
}

async function findingOf(state: ClientState, ports: readonly number[], port: number): Promise<Finding> {
  const { client, file, servers, hub, address, problem } = state;
  if (problem !== undefined) return warn('client', problem, `Correct the file: ${client.title} cannot read it either.`);
  const count = servers.length === 0 ? '' : `; ${servers.length} more of its own, for "mcp-hub import ${client.id}"`;
  if (hub === undefined) return ok('client', `${client.title}: not connected (${file})${count}`);
  const text = `${client.title}: connected as "${hub}" (${file})`;
  const asked = address === undefined ? undefined : portOf(address);
  // Whether a hub in the list answers is told with the hubs.
  if (asked === undefined || ports.includes(asked) || (await probeHub(asked))) return ok('client', `${text}${count}`);
  if (asked === port && ports.length === 0) return ok('client', `${text}; no hub runs at ${address} now${count}`);
  return warn('client', `${text}, but no hub answers at ${address}.`, remedyFor(client.id, asked, ports));
}

function remedyFor(client: string, asked: number, ports: readonly number[]): string {
  const start = `Start the hub there with "mcp-hub --port ${asked}"`;
  if (ports.length === 0) return `${start}, or take the entry out of the file.`;
  return `${start}, or connect to one that runs: ${ports.map((port) => `"mcp-hub connect ${client} --port ${port}"`).join(', ')}.`;
}

/** Entries of hubs lead to this machine, whatever they call it. */
function portOf(address: string): number {
  const { port, protocol } = new URL(address);
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

import { surveyClients, type Surroundings } from '../clients/overview.ts';
import { type Finding, ok, warn } from './finding.ts';

/** Which clients are on this machine, and which of them know the hub. */
export async function clientFindings(surroundings: Surroundings): Promise<readonly Finding[]> {
  const states = await surveyClients(surroundings);
  if (states.length === 0) return [ok('client', 'No client has a config file here.')];
  return states.map(({ client, file, servers, hub, problem }) => {
    if (problem !== undefined) return warn('client', problem, `Correct the file: ${client.title} cannot read it either.`);
    const count = servers.length === 0 ? '' : `; ${servers.length} more of its own, for "mcp-hub import ${client.id}"`;
    const state = hub === undefined ? 'not connected' : `connected as "${hub}"`;
    return ok('client', `${client.title}: ${state} (${file})${count}`);
  });
}

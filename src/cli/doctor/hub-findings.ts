import { readFile } from 'node:fs/promises';
import { systemClock } from '../../base/index.ts';
import { WorkspaceFile } from '../../hub/index.ts';
import { isObject } from '../json.ts';
import { describePortInUse, findPortOwner } from '../port-owner.ts';
import { probeEntry } from '../running-hubs.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Who has the port that the hub would take. */
export async function portFinding(port: number, platform: NodeJS.Platform): Promise<Finding> {
  const owner = await findPortOwner(port, platform, systemClock);
  if (owner.hub) return ok('port', `${port}: an mcp-hub answers${owner.hub.pid === undefined ? '' : ` (pid ${owner.hub.pid})`}.`);
  if (!owner.process && !(await isTaken(port))) return ok('port', `${port} is free.`);
  const [first = '', ...remedies] = describePortInUse(port, owner);
  return fail('port', first.replace(/^EADDRINUSE: /, ''), remedies.join(' '));
}

/** The list of running hubs: which answer, and which entries are left over. */
export async function hubFindings(stateDir: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const file = new WorkspaceFile({ stateDir, clock: systemClock });
  const alive = await file.read();
  const findings: Finding[] = [];
  for (const entry of Object.values(alive)) {
    const where = `${entry.port === 0 ? `socket ${entry.socket}` : `port ${entry.port}`}, pid ${entry.pid}, started in ${entry.cwd}`;
    if (await probeEntry(entry, { stateDir, signal }))
      findings.push(ok('hub', `${where}${entry.state === 'active' ? '' : `: ${entry.state}`}`));
    else findings.push(warn('hub', `${where}: does not answer.`, `See what it does; end it with: kill ${entry.pid}`));
  }
  const listed = await listedPorts(file.path);
  if (listed === 'broken')
    findings.push(warn('hub', `${file.path} is not readable.`, 'It is put aside when the next hub starts; nothing has to be done.'));
  else {
    const stale = listed.filter((port) => !Object.hasOwn(alive, port));
    if (stale.length > 0)
      findings.push(
        warn(
          'hub',
          `Left over in the list of hubs: port ${stale.join(', ')}, whose process is gone.`,
          'The next hub that starts takes them out; nothing has to be done.',
        ),
      );
  }
  return findings.length > 0 ? findings : [ok('hub', 'None runs.')];
}

async function listedPorts(path: string): Promise<readonly string[] | 'broken'> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? Object.keys(value) : 'broken';
  } catch {
    // Expected: SyntaxError.
    return 'broken';
  }
}

/** A process of another user is not seen, but its port is. */
async function isTaken(port: number): Promise<boolean> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error && error.code === 'EADDRINUSE'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
}

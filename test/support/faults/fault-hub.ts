import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type HubProcess, healthOf, settled, startHub } from '../hub-process.ts';

const FAULTS = join(import.meta.dirname, '../../fixtures/faults');

/** The process of the remote servers, with its port. */
export interface RemoteServers {
  readonly port: number;
  close(): Promise<void>;
}

export async function startRemoteServers(): Promise<RemoteServers> {
  const child: ChildProcess = spawn(process.execPath, [join(FAULTS, 'faulty-http.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [port] = child.stdout ? await once(child.stdout, 'data') : [];
  return {
    port: Number(port),
    async close() {
      child.stdin?.end();
      await exited;
    },
  };
}

/** The entry of a local server that has the fault. */
export const local = (fault: string, more: object = {}): object => ({
  command: process.execPath,
  args: [join(FAULTS, 'faulty-stdio.mjs'), fault],
  ...more,
});

/** The entry of a remote server that has the fault. */
export const remote = ({ port }: RemoteServers, fault: string, more: object = {}): object => ({
  url: `http://127.0.0.1:${port}/${fault}`,
  ...more,
});

/** The built hub with these servers, once each is ready that is to be. */
export async function startFaultHub(mcpServers: object): Promise<HubProcess> {
  const hub = await startHub({ config: { mcpServers } });
  await settled(hub);
  return hub;
}

/** Starts or stops a server by the API, and waits for it. @returns the HTTP status */
export async function tell(hub: HubProcess, what: 'start' | 'stop', server: string): Promise<number> {
  const response = await fetch(`${hub.origin}/api/servers/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server_name: server }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** What is wrong with a hub that should be well: its state, its end, errors that nobody awaited, warnings of Node. */
export async function complaintsAbout(hub: HubProcess): Promise<string[]> {
  if (hub.process.exitCode !== null) return [`ended with ${hub.process.exitCode}`, hub.output()];
  const { state } = await healthOf(hub);
  const stray = hub
    .output()
    .split('\n')
    .filter((line) => /UNHANDLED_ERROR|uncaughtException|unhandledRejection|\(node:\d+\)/.test(line));
  return state === 'ready' ? stray : [`state ${state}`, ...stray];
}

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { outputOf } from './output-of.ts';
import { openClients } from './parts/open-clients.ts';
import type { Payload, Plan } from './parts/plan.ts';
import { installPeer } from './peer-install.ts';
import type { Peer } from './peers.ts';
import type { Processes, Served } from './processes.ts';

/** Until a peer that was started has given the first right answer, in milliseconds, and how often it is tried. */
const ANSWERS_MS = 20_000;
const RETRY_MS = 250;
/** How much of its output a reason shows. */
const SHOWN = 300;

/**
 * Installs and starts another hub or proxy in a home folder of its own, and waits until it answers as asked.
 *
 * @throws Error with the reason why it cannot take part.
 */
export async function startPeer(
  processes: Processes,
  peer: Peer,
  servers: Readonly<Record<string, object>>,
  first: { readonly payload: Payload; readonly server: string },
): Promise<Served & { readonly version: string }> {
  const { script, version } = await installPeer(processes, peer.package, peer.version);
  const port = await freePort();
  const home = join(processes.folder, 'peers', String(port));
  mkdirSync(home, { recursive: true });
  const config = join(home, 'mcp.json');
  writeFileSync(config, JSON.stringify({ mcpServers: servers }));
  const args = peer.argsOf({ port, config, stdio: [process.execPath, processes.script('upstream-stdio')] });
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, XDG_DATA_HOME: home };
  const child = processes.spawn(script, args, { env, capture: true }, false);
  const output = outputOf(child);
  try {
    await untilRight(child, { target: peer.addressOf(port, first.server), payload: first.payload, clients: 1 });
  } catch (error) {
    await processes.end(child);
    throw new Error(`${error instanceof Error ? error.message : String(error)} ${output().slice(-SHOWN)}`, { cause: error });
  }
  return { child, port, version };
}

async function untilRight(child: ChildProcess, plan: Plan): Promise<void> {
  const endMs = performance.now() + ANSWERS_MS;
  for (;;) {
    try {
      const crowd = await openClients(plan);
      return await crowd.close();
    } catch (error) {
      const last = error instanceof Error ? error.message : String(error);
      if (child.exitCode !== null) throw new Error(`It ended (${child.exitCode}).`, { cause: error });
      if (performance.now() >= endMs) throw new Error(`It did not answer right within ${ANSWERS_MS} ms: ${last}.`, { cause: error });
      await delay(RETRY_MS);
    }
  }
}

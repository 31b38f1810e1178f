import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../src/protocol/index.ts';
import { PROBE_ARGS, PROBE_FILE } from '../support/probe.ts';

const PROJECT = join(import.meta.dirname, '../..');
const READY_MS = 20_000;

const script = (...parts: string[]): string => join(PROJECT, 'test', ...parts);
const fixture = (name: string) => ({ command: process.execPath, args: [script('fixtures/servers', `${name}.mjs`)] });

/** The built hub with its servers, in processes of their own and folders that {@link close} removes. */
export class World {
  readonly folder: string;
  readonly port: number;
  readonly hub: ChildProcess;
  readonly #remotePort: number;
  #remote: ChildProcess;
  #revision = 0;

  private constructor(folder: string, port: number, remotePort: number) {
    this.folder = folder;
    this.port = port;
    this.#remotePort = remotePort;
    this.#remote = this.#startRemote();
    const args = [...PROBE_ARGS, join(PROJECT, 'bin/mcp-hub.js')];
    this.hub = spawn(process.execPath, [...args, '--port', String(port), '--config', 'c.json', '--watch'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: join(folder, 'home'), [PROBE_FILE]: this.probeFile, MCP_HUB_REGISTRY_URL: 'off' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  static async start(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-soak-'));
    await mkdir(join(folder, 'home'));
    const [port, remotePort] = [await freePort(), await freePort()];
    await writeFile(join(folder, 'c.json'), config(remotePort, 0));
    const world = new World(folder, port, remotePort);
    await world.#ready();
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  get probeFile(): string {
    return join(this.folder, 'probe.json');
  }

  get hubPid(): number {
    return this.hub.pid ?? 0;
  }

  /** What the hub's API answers to a POST. */
  async post(path: string, body: object): Promise<number> {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, init);
    await response.arrayBuffer();
    return response.status;
  }

  /** The servers, as the hub's API tells of them. */
  async servers(): Promise<readonly JsonObject[]> {
    const { servers } = JSON.parse(await (await fetch(`http://127.0.0.1:${this.port}/api/servers`)).text());
    return servers;
  }

  /** Another variable for one server, which is started anew, and a server that comes or goes. */
  editConfig(): Promise<void> {
    return this.#writeConfig(this.#revision + 1);
  }

  /** As many servers and replicas of them as at first. */
  restoreConfig(): Promise<void> {
    return this.#writeConfig(Math.ceil(this.#revision / REVISIONS) * REVISIONS);
  }

  async #writeConfig(revision: number): Promise<void> {
    this.#revision = revision;
    await writeFile(join(this.folder, 'c.json'), config(this.#remotePort, this.#revision));
  }

  /** The remote server ends without a word, and another one is there a moment later. */
  async replaceRemote(): Promise<void> {
    this.#remote.kill('SIGKILL');
    await delay(200);
    this.#remote = this.#startRemote();
  }

  /** @returns the exit code of the hub, which is stopped in order */
  async close(): Promise<number | null> {
    const exited = new Promise<number | null>((resolve) => void this.hub.once('exit', resolve));
    if (this.hub.exitCode === null) this.hub.kill('SIGTERM');
    const code = this.hub.exitCode ?? (await exited);
    this.#remote.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    return code;
  }

  #startRemote(): ChildProcess {
    const remote = spawn(process.execPath, [script('soak/remote-server.mjs'), String(this.#remotePort)], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    return remote;
  }

  async #ready(): Promise<void> {
    const endMs = Date.now() + READY_MS;
    for (;;) {
      const body = await fetch(`http://127.0.0.1:${this.port}/api/health`).then(
        (response) => response.text(),
        () => '',
      );
      if (body.includes('"state":"ready"')) return;
      if (Date.now() > endMs) throw new Error('The hub did not start in time.');
      await delay(50);
    }
  }
}

/** After so many revisions the numbers of servers and replicas are the same again. */
const REVISIONS = 6;

function config(remotePort: number, revision: number): string {
  const echo = { ...fixture('echo'), env: { REVISION: String(revision) }, replicas: 1 + (revision % 3) };
  const passing = revision % 2 === 1 ? { passing: fixture('paged') } : {};
  const gauge = { ...fixture('gauge'), maxConcurrency: 4, maxQueue: 50, queueTimeout: 5_000 };
  const remote = { url: `http://127.0.0.1:${remotePort}/mcp` };
  const sleepy = { ...fixture('gauge'), start: 'lazy', idleTimeout: 1_500, requestTimeout: 1_000 };
  const mcpServers = { echo, gauge, late: fixture('answers-late'), big: { ...fixture('big'), replicas: 2 }, remote, sleepy, ...passing };
  return JSON.stringify({ mcpServers, sessionIdleTimeout: 10_000, maxSessions: 300 });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('No free port.');
  return address.port;
}

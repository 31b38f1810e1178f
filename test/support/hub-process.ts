import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** The built hub, as a checkout has it. */
export const HUB_BIN = join(PROJECT, 'bin/mcp-hub.js');

const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 10_000;

interface HubProcessOptions {
  /** An object is written as JSON, a text as it stands; left out, the hub gets no `--config`. */
  readonly config?: object | string;
  /** The config file's path in the hub's folder. */
  readonly configName?: string;
  /** Other files for the hub's folder, before it starts. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** After `--port` and `--config`. */
  readonly args?: readonly string[];
  readonly port?: number;
  /** A folder that exists; else the hub runs in its own. */
  readonly cwd?: string;
  readonly bin?: string;
  /** For Node, before the hub's own file. */
  readonly nodeArgs?: readonly string[];
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A hub in a process of its own. */
export interface HubProcess {
  /** `…/mcp` */
  readonly url: string;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly port: number;
  readonly pid: number;
  /** Its own: home, XDG folders, config; removed by {@link endHubs}. */
  readonly folder: string;
  readonly process: ChildProcess;
  /** Ends when the process has ended and all its output is read. */
  readonly exit: Promise<Exit>;
  /** Both streams, as they came. */
  output(): string;
  stdout(): string;
  stderr(): string;
  /** Sends the signal and waits for the end; kills what does not end within ten seconds. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

const running = new Set<HubProcess>();
const folders = new Set<string>();

/** Starts a hub and waits until it answers. */
export async function startHub(options: HubProcessOptions): Promise<HubProcess> {
  const hub = await spawnHub(options);
  const ended = hub.exit.then(({ code }) => {
    throw new Error(`The hub ended with ${code} instead of starting:\n${hub.output()}`);
  });
  await Promise.race([ended, healthOf(hub)]);
  // The end comes some day, and is no error any more.
  ended.catch(() => {});
  return hub;
}

/** Starts a hub on a free port and waits for nothing. */
export async function spawnHub(options: HubProcessOptions = {}): Promise<HubProcess> {
  const { config, configName = 'mcp-servers.json', args = [], bin = HUB_BIN, nodeArgs = [] } = options;
  const folder = await makeFolder();
  const port = options.port ?? (await freePort());
  await writeFiles(folder, options);
  const configArgs = config === undefined ? [] : ['--config', configName];
  const child = spawn(process.execPath, [...nodeArgs, bin, '--port', String(port), ...configArgs, ...args], {
    cwd: options.cwd ?? folder,
    env: { ...environment(folder), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const hub = asHub(child, folder, port);
  running.add(hub);
  void hub.exit.then(() => running.delete(hub));
  return hub;
}

async function writeFiles(folder: string, { config, configName = 'mcp-servers.json', files = {} }: HubProcessOptions): Promise<void> {
  const texts: Record<string, string> = { ...files };
  if (config !== undefined) texts[configName] = typeof config === 'string' ? config : JSON.stringify(config, null, 2);
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** Ends every hub that this test file has started, and removes all folders of theirs. */
export async function endHubs(): Promise<void> {
  await Promise.all([...running].map((hub) => hub.stop()));
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.clear();
}

/** What `GET /api/health` answers, once it does. @param headers with the key of a hub that asks for one */
export async function healthOf(
  { origin }: Pick<HubProcess, 'origin'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{
  readonly state: string;
  readonly servers: readonly { readonly name: string; readonly status: string; readonly error: string | null }[];
}> {
  const end = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      const response = await fetch(`${origin}/api/health`, { headers, signal: AbortSignal.timeout(START_LIMIT_MS) });
      return JSON.parse(await response.text());
    } catch (error) {
      // Expected: ECONNREFUSED until the port is open.
      if (Date.now() > end) throw error;
    }
    await delay(25);
  }
}

/** Waits until every server of the hub is ready or has failed. @param headers as for {@link healthOf} */
export async function settled(hub: HubProcess, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const end = Date.now() + START_LIMIT_MS;
  while ((await healthOf(hub, headers)).state !== 'ready') {
    if (Date.now() > end) throw new Error(`The hub did not settle:\n${hub.output()}`);
    await delay(25);
  }
}

/** A new folder with a home in it, removed by {@link endHubs}. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-e2e-'));
  folders.add(folder);
  await mkdir(join(folder, 'home'));
  return folder;
}

/** The least that a program needs, and nothing of the person who runs the tests. */
export function environment(folder: string): Record<string, string> {
  const home = join(folder, 'home');
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: join(home, 'cache'),
    MCP_HUB_REGISTRY_URL: 'off',
    MCP_HUB_OFFICIAL_REGISTRY_URL: 'off',
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('A server without a port');
  return address.port;
}

function asHub(child: ChildProcess, folder: string, port: number): HubProcess {
  const texts = { all: '', stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts.all += text;
      texts[name] += text;
    });
  }
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: `${origin}/mcp`,
    origin,
    port,
    pid: child.pid ?? -1,
    folder,
    process: child,
    exit,
    output: () => texts.all,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      try {
        return await exit;
      } finally {
        clearTimeout(late);
      }
    },
  };
}

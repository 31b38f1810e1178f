import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes } from './processes.ts';

export const HUB = join(import.meta.dirname, '../bin/mcp-hub.js');
/** Also what the hub itself waits for its servers: on a busy machine they need longer than it does by default. */
const READY_MS = 30_000;

export interface HubOptions {
  /** Of its folder, for more than one hub at a time. */
  readonly name?: string;
  readonly servers: Readonly<Record<string, object>>;
  /** What stands beside the servers in its config file. */
  readonly settings?: object;
  /** 0 takes any free one. */
  readonly port?: number;
  readonly nodeArgs?: readonly string[];
  /** Open a channel for messages, for a module of `nodeArgs`. */
  readonly ipc?: boolean;
}

export interface HubProcess {
  readonly child: ChildProcess;
  /** When the process was asked for, by `performance.now()`. */
  readonly spawnedMs: number;
  /** Resolves when every server is ready, with the port and the moment. Rejects when one is not, or not in time. */
  readonly ready: Promise<{ readonly port: number; readonly atMs: number }>;
}

/** @throws Error when the hub has not been built. */
export function requireBuild(): void {
  if (!existsSync(join(HUB, '../../dist/main.js'))) throw new Error('The hub is not built. Run: npm run build');
}

/** As `package.json` says it. */
export function hubVersion(): string {
  const { version } = JSON.parse(readFileSync(join(HUB, '../../package.json'), 'utf8'));
  return String(version);
}

/** Starts the built hub with its default settings, in folders of its own. */
export function startHub(
  processes: Processes,
  { name = 'hub', servers, settings = {}, port = 0, nodeArgs = [], ipc = false }: HubOptions,
): HubProcess {
  const home = join(processes.folder, name);
  mkdirSync(home, { recursive: true });
  const config = join(home, 'mcp-servers.json');
  writeFileSync(config, JSON.stringify({ startupWait: READY_MS, ...settings, mcpServers: servers }));
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_DATA_HOME: join(home, 'data'),
    NO_COLOR: '1',
    MCP_HUB_ENV: '',
  };
  const spawnedMs = performance.now();
  const child = processes.spawnSubject(HUB, ['--port', String(port), '--config', config], { nodeArgs, env, capture: true }, ipc);
  const ready = untilReady(child, Object.keys(servers).length);
  // The caller may be busy with the port when the hub fails; it meets the error when it waits for `ready`.
  ready.catch(() => undefined);
  return { child, spawnedMs, ready };
}

/** Reads the start screen, which tells `3 of 3 servers ready.` and then the addresses. */
function untilReady(child: ChildProcess, count: number): Promise<{ readonly port: number; readonly atMs: number }> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(new Error(`${reason} It said:\n${output}`));
    };
    const timer = setTimeout(() => fail(`The hub was not ready within ${READY_MS} ms.`), READY_MS);
    child.once('error', (error) => fail(`The hub did not start: ${error.message}.`));
    child.once('exit', (code, signal) => fail(`The hub ended (${signal ?? code}).`));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-10_000)));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
      const port = /http:\/\/localhost:(\d+)\/mcp$/m.exec(output)?.[1];
      if (port === undefined) return;
      if (!new RegExp(`^${count} of ${count} servers? ready`, 'm').test(output)) return fail('Not every server is ready.');
      clearTimeout(timer);
      resolve({ port: Number(port), atMs: performance.now() });
    });
  });
}

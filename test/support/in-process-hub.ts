import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hubPaths, type LogRecord } from '../../src/base/index.ts';
import { createHub } from '../../src/hub/hub.ts';
import type { Hub, HubOptions } from '../../src/hub/index.ts';

export interface RunningHub {
  readonly hub: Hub;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** `…/mcp` */
  readonly url: string;
  readonly folder: string;
  readonly records: readonly LogRecord[];
  stop(): Promise<void>;
}

/** The folder of the small servers that tests run against. */
const SERVERS = join(import.meta.dirname, '../fixtures/servers');

/** A config entry for one of the small servers. */
export const fixture = (name: string, ...args: string[]): { command: string; args: string[] } => ({
  command: process.execPath,
  args: [join(SERVERS, name), ...args],
});

/** A hub in this process, with real servers, on a free port unless one is given, in folders of its own. */
export async function runHub(config: object, env: NodeJS.ProcessEnv = {}, port = 0, more: Partial<HubOptions> = {}): Promise<RunningHub> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-test-'));
  await mkdir(join(folder, 'home'));
  const file = join(folder, 'mcp-servers.json');
  await writeFile(file, JSON.stringify(config));
  const records: LogRecord[] = [];
  const offline = { MCP_HUB_REGISTRY_URL: 'off', MCP_HUB_OFFICIAL_REGISTRY_URL: 'off' };
  const fullEnv = { PATH: process.env['PATH'], HOME: join(folder, 'home'), ...offline, ...env };
  const hub = createHub({
    configFiles: [file],
    host: 'localhost',
    port,
    env: fullEnv,
    cwd: folder,
    paths: hubPaths(fullEnv),
    sinks: [(record) => records.push(record)],
    version: '0.0.0-test',
    ...more,
  });
  const stop = async (): Promise<void> => {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const opened = await hub.start();
    const origin = `http://127.0.0.1:${opened.port}`;
    return { hub, origin, url: `${origin}/mcp`, folder, records, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

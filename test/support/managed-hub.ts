import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, hubPaths, type LogRecord, systemClock } from '../../src/base/index.ts';
import { HubLife } from '../../src/hub/life.ts';
import { LiveConfig } from '../../src/hub/live-config.ts';
import { HubMarketplace } from '../../src/hub/load-marketplace.ts';
import { LoginControl } from '../../src/hub/login-control.ts';
import { HubManagement } from '../../src/hub/management.ts';
import type { News, SubscriptionEvent } from '../../src/hub/news.ts';
import { buildParts, type HubParts } from '../../src/hub/parts.ts';
import type { HubOptions } from '../../src/hub/types.ts';
import { WorkspaceFile } from '../../src/hub/workspaces.ts';
import { eventLog } from './event-readers.ts';

/** The parts of a hub that management deals with, around real servers, without a port. */
export interface ManagedHub {
  readonly management: HubManagement;
  readonly parts: HubParts;
  readonly config: LiveConfig;
  readonly life: HubLife;
  readonly folder: string;
  readonly news: News[];
  /** Whose news the management asked for. */
  readonly asked: string[];
  readonly records: LogRecord[];
  /** How often the end of the process was asked for. */
  readonly ends: () => number;
  /** The `subscription_event`s so far of these types. */
  events(...types: SubscriptionEvent['type'][]): SubscriptionEvent[];
  read(name?: string): Promise<string>;
  write(content: string | object, name?: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param files each an object, or a text as it stands; named on the command line in this order */
export async function manageHub(files: Readonly<Record<string, string | object>>, env: NodeJS.ProcessEnv = {}): Promise<ManagedHub> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-hub-managed-'));
  await mkdir(join(folder, 'home'));
  const [main = 'c.json'] = Object.keys(files);
  const write = (content: string | object, name = main): Promise<void> =>
    writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  for (const [name, content] of Object.entries(files)) await write(content, name);
  const fullEnv = { PATH: process.env['PATH'], HOME: join(folder, 'home'), ...env };
  const records: LogRecord[] = [];
  const news: News[] = [];
  const asked: string[] = [];
  const paths = hubPaths(fullEnv);
  const options: HubOptions = {
    configFiles: Object.keys(files),
    host: 'localhost',
    port: 0,
    env: fullEnv,
    cwd: folder,
    paths,
    sinks: [(record) => records.push(record)],
    version: '0.0.0-test',
  };
  const logger = createLogger(options.sinks);
  const stopped = new AbortController();
  let ends = 0;
  const life = new HubLife({
    clock: systemClock,
    onState: (state) => news.push({ name: 'hub_state', data: { state } }),
    onEnding: () => {},
    onEnded: () => (ends += 1),
  });
  const config = new LiveConfig({
    files: { files: options.configFiles, env: fullEnv, cwd: folder, defaultFile: paths.defaultConfigFile },
    stateDir: paths.stateDir,
    clock: systemClock,
    logger,
    publish: (one) => news.push(one),
    mute: () => ({ dispose: () => {} }),
  });
  let management: HubManagement | undefined;
  const parts = buildParts({
    options,
    config: await config.load(),
    settings: () => config.current.settings,
    logger,
    port: () => 4_242,
    management: (managed) =>
      (management = new HubManagement({
        options,
        parts: managed,
        config,
        life,
        workspaces: new WorkspaceFile({ stateDir: paths.stateDir, clock: systemClock }),
        events: eventLog(),
        tellOf: (name) => void asked.push(name),
        marketplace: new HubMarketplace({ settings: () => config.current.settings.marketplace, env: fullEnv, dataDir: paths.dataDir }),
        logins: new LoginControl({ ...managed, logger, env: fullEnv }),
        clock: systemClock,
        port: () => 4_242,
        stopped: stopped.signal,
      })),
  });
  if (!management) throw new Error('No management was asked for');
  const { pool, gateway } = parts;
  gateway.start();
  config.attach({ servers: pool, onSettings: () => gateway.rebuild() });
  pool.startAll();
  await management.servers.attempted(pool.all().map(({ id }) => id));
  life.settled();
  return {
    management,
    parts,
    config,
    life,
    folder,
    news,
    asked,
    records,
    ends: () => ends,
    events: (...types) => news.flatMap(({ name, data }) => (name === 'subscription_event' && types.includes(data.type) ? [data] : [])),
    read: (name = main) => readFile(join(folder, name), 'utf8'),
    write,
    async stop() {
      stopped.abort();
      life.dispose();
      config.dispose();
      await pool.stopAll();
      gateway.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

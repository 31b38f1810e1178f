/**
 * What mcphub.nvim does with a hub, without Neovim: its command lines, its curl calls with their flags, its way of taking
 * the event stream apart, its way of writing config files, and the shapes that it reads.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { HUB_BIN } from './hub-process.ts';

/** The version of the hub that the plugin wants, to the letter, when it joins one. */
const WANTED_VERSION = '4.2.1';

const item = z.looseObject({});
const server = z.object({
  name: z.string(),
  displayName: z.string(),
  description: z.string(),
  transportType: z.enum(['stdio', 'sse']),
  status: z.enum(['connected', 'connecting', 'disconnected', 'unauthorized', 'disabled']),
  error: z.string().nullish(),
  capabilities: z.object({ tools: z.array(item), resources: z.array(item), resourceTemplates: z.array(item), prompts: z.array(item) }),
  uptime: z.number(),
  lastStarted: z.iso.datetime().nullish(),
  authorizationUrl: z.string().nullish(),
  config_source: z.string(),
});
const workspace = z.object({
  pid: z.number(),
  port: z.number(),
  cwd: z.string(),
  config_files: z.array(z.string()),
  startTime: z.iso.datetime(),
  state: z.enum(['active', 'shutting_down']),
  activeConnections: z.number(),
  shutdownStartedAt: z.string().nullish(),
  shutdownDelay: z.number().nullish(),
});
const workspaces = z.record(z.string(), workspace);

/** The fields that the plugin reads, and nothing else: parsing fails where one of them is not what the plugin takes. */
export const shapes = {
  health: z.object({
    status: z.literal('ok'),
    server_id: z.literal('mcp-hub'),
    version: z.literal(WANTED_VERSION),
    servers: z.array(server),
    workspaces: z.object({ current: z.string(), allActive: workspaces }),
  }),
  servers: z.object({ servers: z.array(server) }),
  started: z.object({ server }),
  tool: z.object({ result: z.object({ content: z.array(z.looseObject({ type: z.string() })), isError: z.boolean().nullish() }) }),
  resource: z.object({ result: z.object({ contents: z.array(z.looseObject({ uri: z.string(), text: z.string() })) }) }),
  prompt: z.object({
    result: z.object({ messages: z.array(z.object({ role: z.string(), content: z.looseObject({ type: z.string() }) })) }),
  }),
  problem: z.object({ error: z.string().min(1), code: z.string(), data: item.nullish() }),
  marketplace: z.object({
    servers: z.array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        description: z.string(),
        author: z.string(),
        url: z.string(),
        category: z.string(),
        tags: z.array(z.string()),
        installations: z.array(z.looseObject({ name: z.string(), config: z.string() })),
        stars: z.number().nullish(),
      }),
    ),
    timestamp: z.string(),
  }),
  workspaces,
  anything: item,
  log: z.object({ type: z.enum(['info', 'warn', 'debug', 'error']), message: z.string(), timestamp: z.iso.datetime() }),
};

export interface CurlAnswer {
  /** Of curl. */
  readonly exit: number;
  readonly status: number;
  readonly body: unknown;
}

interface Block {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The event stream as the plugin follows it. */
export interface Follower {
  readonly blocks: readonly Block[];
  /** What the plugin would log as malformed and drop. */
  readonly malformed: readonly string[];
  /** What curl ended with. */
  readonly exit: Promise<number | null>;
  states(): readonly unknown[];
  /** The `subscription_event`s of this type. */
  told(type: string): readonly Block['data'][];
  /** Ends curl, as the plugin does when the editor leaves. */
  leave(): void;
}

export interface SpawnedHub {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  stderr(): string;
}

/** One editor with the plugin. */
export class NvimPlugin {
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #children = new Set<ChildProcess>();
  #count = 0;

  constructor(port: number, env: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#env = env;
  }

  /** `cmd --version`. */
  version(): Promise<{ readonly exit: number; readonly stdout: string }> {
    return run(process.execPath, [HUB_BIN, '--version'], this.#env);
  }

  /** `_start_server_with_context`: no shell, no terminal, pipes for both outputs. */
  spawnHub(cwd: string, configs: readonly string[], { delayMs, globalEnv }: { delayMs: number; globalEnv?: object }): SpawnedHub {
    const files = configs.flatMap((file) => ['--config', file]);
    const args = ['--port', String(this.#port), ...files, '--auto-shutdown', '--shutdown-delay', String(delayMs), '--watch'];
    const env = { ...this.#env, CWD: cwd, ...(globalEnv && { MCP_HUB_ENV: JSON.stringify(globalEnv) }) };
    const child = this.#keep(spawn(process.execPath, [HUB_BIN, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] }));
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout?.resume();
    return { process: child, exit: exitOf(child), stderr: () => stderr };
  }

  /** `api_request`, by plenary.curl. `query` stands in the address as it is. */
  async request(
    method: string,
    path: string,
    { body, query, maxSeconds }: { body?: object; query?: string; maxSeconds?: number } = {},
  ): Promise<CurlAnswer> {
    this.#count += 1;
    const dump = join(this.#env['HOME'] ?? '', `${process.pid}-${this.#port}-${this.#count}.headers`);
    const url = `http://localhost:${this.#port}/api/${path}${query === undefined ? '' : `?${query}`}`;
    const args = [
      '-sSL',
      '-D',
      dump,
      '--compressed',
      '-X',
      method,
      '-H',
      'Accept: application/json',
      '-H',
      'Content-Type: application/json',
    ];
    if (body) args.push('--data-raw', JSON.stringify(body));
    args.push('--connect-timeout', '1');
    if (maxSeconds !== undefined) args.push('--max-time', String(maxSeconds));
    const { exit, stdout } = await run('curl', [...args, url], this.#env);
    if (exit !== 0) return { exit, status: 0, body: undefined };
    const status = Number(/^HTTP\/\S*\s+(\d+)/m.exec(readFileSync(dump, 'utf8'))?.[1]);
    return { exit, status, body: JSON.parse(stdout) };
  }

  /** `check_server`: the probe before the start. */
  probe(): Promise<CurlAnswer> {
    return this.request('GET', 'health', { maxSeconds: 3 });
  }

  async health(): Promise<z.output<typeof shapes.health>> {
    const { status, body } = await this.request('GET', 'health');
    if (status !== 200) throw new Error(`Health is answered with ${status}`);
    return shapes.health.parse(body);
  }

  /** `connect_sse`. */
  follow(): Follower {
    const flags = ['--no-buffer', '--tcp-nodelay', '--retry', '5', '--retry-delay', '1', '--retry-connrefused', '--keepalive-time', '60'];
    const child = this.#keep(spawn('curl', [...flags, `http://localhost:${this.#port}/api/events`], { env: this.#env }));
    const blocks: Block[] = [];
    const malformed: string[] = [];
    let buffer = '';
    child.stderr.resume();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      buffer += text;
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        const block = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        const event = /^event: ([^]*?)\n/.exec(block)?.[1];
        const data = /\ndata: ([^\r\n]+)/.exec(block)?.[1];
        if (event === undefined || data === undefined) malformed.push(block);
        else blocks.push({ event, data: z.record(z.string(), z.unknown()).parse(JSON.parse(data)) });
      }
    });
    return {
      blocks,
      malformed,
      exit: exitOf(child),
      states: () => blocks.filter(({ event }) => event === 'hub_state').map(({ data }) => data['state']),
      told: (type) => blocks.filter(({ event, data }) => event === 'subscription_event' && data['type'] === type).map(({ data }) => data),
      leave: () => void child.kill('SIGTERM'),
    };
  }

  /** `update_server_config`: merges, and writes the whole file again, keys sorted, in place. */
  updateConfig(file: string, name: string, updates: Readonly<Record<string, unknown>> | undefined): void {
    const config = z.looseObject({ mcpServers: z.record(z.string(), item) }).parse(JSON.parse(readFileSync(file, 'utf8')));
    if (updates) config.mcpServers[name] = { ...config.mcpServers[name], ...updates };
    else delete config.mcpServers[name];
    writeFileSync(file, `${JSON.stringify(sorted(config), null, 2)}\n`);
  }

  /** `read_workspace_cache`. */
  workspaceFile(): z.output<typeof workspaces> {
    return workspaces.parse(JSON.parse(readFileSync(join(this.#env['XDG_STATE_HOME'] ?? '', 'mcp-hub/workspaces.json'), 'utf8')));
  }

  /** Kills what is left, for the end of a test. */
  async end(): Promise<void> {
    const left = [...this.#children].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    await Promise.all(
      left.map(async (child) => {
        child.kill('SIGKILL');
        await exitOf(child);
      }),
    );
  }

  #keep<Child extends ChildProcess>(child: Child): Child {
    this.#children.add(child);
    return child;
  }
}

function run(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ exit: number; stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { env, maxBuffer: 16 * 2 ** 20 }, (_error, stdout) =>
      resolve({ exit: child.exitCode ?? -1, stdout }),
    );
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', resolve));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

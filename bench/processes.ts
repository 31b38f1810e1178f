import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { HAS_PROC } from './cpu.ts';
import { nextMessage } from './messages.ts';

/** From being asked to end to being killed, in milliseconds: the hub takes up to five seconds for its own children. */
const END_MS = 7_000;
const START_MS = 10_000;
const PARTS = [
  'upstream-http',
  'upstream-stdio',
  'upstream-sdk',
  'proxy',
  'bare-hub',
  'load',
  'cpu-report',
  'bare-list',
  'scales',
  'collect',
] as const;
type Part = (typeof PARTS)[number];
type ServingPart = 'upstream-http' | 'proxy' | 'bare-hub' | 'bare-list';

export interface SpawnOptions {
  /** Given to Node before the script. */
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Hand the output to the reader of the child, instead of to the terminal. */
  readonly capture?: boolean;
}

/** A process that listens on a port of loopback. */
export interface Served {
  readonly child: ChildProcess;
  readonly port: number;
}

/** The processes of a run and the temporary folder they work in. Whoever creates it closes it. */
export class Processes {
  #folder: string | undefined;
  readonly #children = new Set<ChildProcess>();
  #closed = false;

  /** Creates the folder and compiles the parts into it. */
  open(): void {
    this.#folder = mkdtempSync(join(tmpdir(), 'mcp-hub-bench-'));
    buildSync({
      entryPoints: PARTS.map((part) => join(import.meta.dirname, 'parts', `${part}.ts`)),
      outdir: this.#folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      logLevel: 'warning',
    });
  }

  get folder(): string {
    if (this.#folder === undefined) throw new Error('The processes are not open.');
    return this.#folder;
  }

  script(part: Part): string {
    return join(this.folder, `${part}.mjs`);
  }

  /** Starts a script with Node, with an IPC channel where the part needs one. */
  spawn(script: string, args: readonly string[], { nodeArgs = [], ...options }: SpawnOptions, ipc: boolean): ChildProcess {
    return this.run(process.execPath, [...nodeArgs, script, ...args], options, ipc);
  }

  /** Starts any command. */
  run(command: string, args: readonly string[], { env = process.env, capture = false }: SpawnOptions, ipc = false): ChildProcess {
    if (this.#closed) throw new Error('The run is over.');
    const output = capture ? 'pipe' : 'inherit';
    const child = spawn(command, args, { env, stdio: ['ignore', output, output, ...(ipc ? (['ipc'] as const) : [])] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Starts a process whose CPU time will be asked for. */
  spawnSubject(script: string, args: readonly string[], options: SpawnOptions, ipc: boolean): ChildProcess {
    if (HAS_PROC) return this.spawn(script, args, options, ipc);
    const nodeArgs = [...(options.nodeArgs ?? []), '--import', this.script('cpu-report')];
    return this.spawn(script, args, { ...options, nodeArgs }, true);
  }

  /** Starts a part that serves; resolves with its port once it listens. */
  async serve(
    part: ServingPart | { readonly part: ServingPart; readonly nodeArgs: readonly string[] },
    ...args: string[]
  ): Promise<Served> {
    const { part: name, nodeArgs } = typeof part === 'string' ? { part, nodeArgs: [] } : part;
    const child = this.spawnSubject(this.script(name), args, { nodeArgs }, true);
    const { port } = await nextMessage(child, START_MS, `the port of ${name}`);
    return { child, port: Number(port) };
  }

  /** Ends a process: politely, then by force. Resolves when it is gone. */
  end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const force = setTimeout(() => child.kill('SIGKILL'), END_MS);
      child.once('exit', () => {
        clearTimeout(force);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  /** Ends all processes and removes the folder. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#children].map((child) => this.end(child)));
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

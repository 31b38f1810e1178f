import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleSource } from './bundle-source.ts';
import { type Answer, runOnTerminal } from './terminal.ts';

export interface CommandRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface StartedCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandRun>;
  /** What it has written on standard output so far. */
  stdout(): string;
}

/** The command line from the sources, with a home of its own. */
export interface CommandLine {
  /** Its current folder. */
  readonly folder: string;
  readonly stateDir: string;
  run(...args: readonly string[]): Promise<CommandRun>;
  runWith(
    options: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string },
    ...args: readonly string[]
  ): Promise<CommandRun>;
  start(...args: readonly string[]): StartedCommand;
  /** Runs it on a terminal of its own ({@link hasTerminals}). */
  onTerminal(answers: readonly Answer[], ...args: readonly string[]): ReturnType<typeof runOnTerminal>;
  startWith(options: { readonly env?: Readonly<Record<string, string>> }, ...args: readonly string[]): StartedCommand;
  /** Makes these the hubs that the list of running hubs tells of; each is said to be this process. */
  list(
    ...hubs: readonly {
      readonly port: number;
      readonly cwd?: string;
      readonly config_files?: readonly string[];
      readonly pid?: number;
      readonly state?: string;
    }[]
  ): Promise<void>;
  remove(): Promise<void>;
}

/** What bin/mcp-hub.js does; `node -e` leaves out the script's name in argv, the bundle's path stands there instead. */
const START = 'import(process.argv[1]).then(({ main }) => main(process));';

export async function commandLine(): Promise<CommandLine> {
  const bundle = bundleSource('src/cli/main.ts');
  const root = await realpath(await mkdtemp(join(tmpdir(), 'mcp-hub-cli-')));
  const folder = join(root, 'work');
  const stateDir = join(root, 'state', 'mcp-hub');
  await mkdir(folder);
  await mkdir(stateDir, { recursive: true });
  const env = { PATH: process.env['PATH'] ?? '', HOME: root, XDG_STATE_HOME: join(root, 'state'), XDG_CONFIG_HOME: join(root, 'config') };
  const start = (options: { readonly env?: object; readonly cwd?: string }, args: readonly string[]): StartedCommand => {
    const child = spawn(process.execPath, ['-e', START, bundle.file, ...args], {
      cwd: options.cwd ?? folder,
      env: { ...env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<CommandRun>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
    return { child, ended, stdout: () => stdout };
  };
  const runWith: CommandLine['runWith'] = ({ input, ...options }, ...args) => {
    const started = start(options, args);
    started.child.stdin?.end(input ?? '');
    return started.ended;
  };
  return {
    folder,
    stateDir,
    run: (...args) => runWith({}, ...args),
    runWith,
    start: (...args) => start({}, args),
    startWith: (options, ...args) => start(options, args),
    onTerminal: (answers, ...args) => runOnTerminal([process.execPath, '-e', START, bundle.file, ...args], { cwd: folder, env, answers }),
    list: (...hubs) => {
      const entry = {
        pid: process.pid,
        cwd: folder,
        config_files: [],
        startTime: new Date().toISOString(),
        state: 'active',
        activeConnections: 0,
      };
      const entries = Object.fromEntries(hubs.map((hub) => [hub.port, { ...entry, shutdownStartedAt: null, shutdownDelay: null, ...hub }]));
      return writeFile(join(stateDir, 'workspaces.json'), JSON.stringify(entries));
    },
    remove: async () => {
      bundle.remove();
      await rm(root, { recursive: true, force: true });
    },
  };
}

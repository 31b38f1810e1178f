import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Why a command gave no value, in words that hold nothing of its output. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** More output than any secret has. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Runs a command by the shell and gives its trimmed standard output. Its standard error is dropped, since it may hold
 * secrets too. The shell leads a process group of its own, which dies with it on a timeout or an abort.
 *
 * @throws CommandError; the signal's reason when it aborts
 */
export function runCommand(command: string, { cwd, env, timeoutMs, signal }: CommandOptions): Promise<string> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const windows = process.platform === 'win32';
    const child = spawn(command, { shell: true, cwd, env, detached: !windows, windowsHide: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      end();
    };
    const giveUp = (error: unknown): void => {
      settle(() => reject(error));
      killGroup(child.pid, windows);
      child.stdout.destroy();
    };
    const onAbort = (): void => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(new CommandError(`did not end within ${timeoutMs / 1000} s`)), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) giveUp(new CommandError('prints more than 1 MiB'));
      else chunks.push(chunk);
    });
    child.on('error', () => settle(() => reject(new CommandError('could not be started'))));
    child.on('close', (code, killer) => {
      const failure = code === 0 ? undefined : new CommandError(code === null ? `was ended by ${killer}` : `ended with exit code ${code}`);
      settle(() => (failure ? reject(failure) : resolve(Buffer.concat(chunks).toString('utf8').trim())));
    });
  });
}

function killGroup(pid: number | undefined, windows: boolean): void {
  if (pid === undefined) return;
  if (windows) {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () => {
      // Expected: the process has ended already, or there is no taskkill. Nothing more can be done.
    });
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Expected (ESRCH): the group has ended by itself.
  }
}

import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Most of what a hub says on standard error while it starts that is kept, in characters. */
const MAX_STDERR = 16 * 1024;

export interface HubCommand {
  readonly configFiles: readonly string[];
  readonly shutdownDelayMs: number;
  /** The script of this very command. */
  readonly script: string;
}

/** A hub that starts in a process of its own, which outlives this one. */
export interface StartedHub {
  readonly pid: number | undefined;
  /** What it has said on standard error so far. */
  stderr(): string;
  /** How it ended; `undefined` while it runs. */
  ended(): string | undefined;
  exitCode(): number | null;
  /** Ends it. */
  kill(): void;
  /** Lets go of it: it may outlive this process, and what it says from now on nobody reads. */
  release(): void;
}

/** Starts a hub on a free port that ends by itself when nobody needs it any more. Never throws. */
export function spawnHub({ configFiles, shutdownDelayMs, script }: HubCommand): StartedHub {
  const configs = configFiles.flatMap((file) => [`--config=${file}`]);
  const args = [script, 'serve', '--port=0', ...configs, '--watch', '--auto-shutdown', `--shutdown-delay=${shutdownDelayMs}`];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true });
  let text = '';
  let end: string | undefined;
  child.on('error', (error) => (end ??= error.message));
  child.on('exit', (code, signal) => (end ??= signal === null ? `exit code ${code}` : signal));
  readText(child.stderr, (chunk) => {
    if (text.length < MAX_STDERR) text += chunk;
  });
  return {
    pid: child.pid,
    stderr: () => text,
    ended: () => end,
    exitCode: () => child.exitCode,
    kill: () => void child.kill(),
    release() {
      child.unref();
      child.stderr.destroy();
    },
  };
}

function readText(stream: Readable, onText: (text: string) => void): void {
  stream.setEncoding('utf8').on('data', onText);
  stream.on('error', () => {
    // Expected: the hub is gone; its end is told by the process.
  });
}

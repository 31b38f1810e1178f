import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { type Clock, type Logger, messageOf, withDeadline } from '../../base/index.ts';

/**
 * Reads `+GROUP` and `-GROUP` lines. When they end, every group that is still noted gets SIGTERM, and a second later
 * SIGKILL. POSIX sh and its `kill` are all it needs: without a `sleep` on the PATH it counts instead.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups=' '
while read -r line; do
  group=\${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) case $groups in
      *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;;
    esac ;;
  esac
done
alive=
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null && alive=yes; done
[ "$alive" ] || exit 0
sleep 1 2>/dev/null || { n=0; while [ $n -lt 400000 ]; do n=$((n + 1)); done; }
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
`;

/** A guard with nothing left to do ends at once; one that has is left to do it by itself. */
const CLOSE_DEADLINE_MS = 800;

export interface ProcessGuardOptions {
  readonly logger: Logger;
  readonly clock: Clock;
}

type GuardProcess = ChildProcessByStdio<Writable, null, null>;

/**
 * Ends the hub's children when the hub itself was ended without a chance to do it (`kill -9`, out of memory).
 *
 * POSIX: one tiny shell waits at the other end of a pipe that only the hub holds; the kernel closes it with the hub. It
 * has a session of its own, so a Ctrl-C on the terminal does not reach it. It starts with the first group. When somebody
 * kills it, the next group starts another one.
 *
 * Windows: there are no process groups to note. Children see the end of their standard input and are expected to go; one
 * that does not, stays.
 */
export class ProcessGuard {
  readonly #options: ProcessGuardOptions;
  readonly #groups = new Set<number>();
  #process: GuardProcess | undefined;

  constructor(options: ProcessGuardOptions) {
    this.#options = options;
  }

  /** The process id of the guard while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Notes a process group; call it in the same turn that started the group. */
  add(group: number): void {
    if (process.platform === 'win32') return;
    this.#groups.add(group);
    if (this.#process) this.#process.stdin.write(`+${group}\n`);
    else this.#start();
  }

  /** Forgets a group that is known to be gone, before its number can belong to somebody else. */
  remove(group: number): void {
    if (this.#groups.delete(group)) this.#process?.stdin.write(`-${group}\n`);
  }

  /** Ends the guard, and within two seconds every group that is still noted. Idempotent; the next {@link add} starts it again. */
  async close(): Promise<void> {
    const guard = this.#process;
    this.#process = undefined;
    this.#groups.clear();
    if (!guard || guard.exitCode !== null || guard.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => void guard.once('exit', () => resolve()));
    guard.stdin.end();
    await withDeadline(exited, { clock: this.#options.clock, timeoutMs: CLOSE_DEADLINE_MS, onTimeout: () => undefined }).catch(() => {
      // Expected: the deadline.
      guard.unref();
    });
  }

  #start(): void {
    const guard: GuardProcess = spawn('/bin/sh', ['-c', SCRIPT, 'mcp-hub-guard'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    });
    guard.once('error', (error) => this.#lost(guard, messageOf(error)));
    guard.once('exit', () => this.#lost(guard, 'it was ended'));
    if (guard.pid === undefined) return;
    guard.stdin.on('error', () => {
      // Expected: EPIPE, the guard was killed; its exit is handled above.
    });
    this.#process = guard;
    guard.stdin.write([...this.#groups].map((group) => `+${group}\n`).join(''));
  }

  #lost(guard: GuardProcess, why: string): void {
    const unexpected = this.#process === guard || guard.pid === undefined;
    if (this.#process === guard) this.#process = undefined;
    if (unexpected) {
      this.#options.logger.warn(`Servers may outlive the hub if it is killed: the guard process does not run (${why}).`);
    }
  }
}

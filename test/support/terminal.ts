import { spawn, spawnSync } from 'node:child_process';

/** The program that runs another on a terminal of its own. */
const TERMINAL = 'script';

export const hasTerminals = spawnSync(TERMINAL, ['--version']).status === 0;

/** What is typed once `question` is on the screen, after the answer before. */
export type Answer = readonly [question: string, keys: string];

export interface TerminalOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly answers?: readonly Answer[];
}

/** Runs a command on a terminal, and answers each question when it is on the screen. Words must not hold a single quote. */
export async function runOnTerminal(
  words: readonly string[],
  { cwd, env, answers = [] }: TerminalOptions,
): Promise<{ code: number | null; screen: string }> {
  // A terminal that a program opens has no size of its own.
  const line = `stty cols 200 rows 40; exec ${words.map((word) => `'${word}'`).join(' ')}`;
  const child = spawn(TERMINAL, ['-qefc', line, '/dev/null'], { cwd, env: { ...env, TERM: 'xterm' }, stdio: ['pipe', 'pipe', 'pipe'] });
  let screen = '';
  let at = 0;
  const open = [...answers];
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    const [next] = open;
    const found = next ? screen.indexOf(next[0], at) : -1;
    if (!next || found < 0) return;
    at = screen.length;
    open.shift();
    // The question is on the screen a little before its keys are listened for.
    setTimeout(() => child.stdin.write(next[1]), 50);
  });
  const tooLate = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(tooLate);
  return { code, screen };
}

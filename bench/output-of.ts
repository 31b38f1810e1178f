import type { ChildProcess } from 'node:child_process';

const KEPT = 2_000;

/** Reads what a child process writes, so that it never waits for a reader; the function gives the end of it. */
export function outputOf(child: ChildProcess): () => string {
  let output = '';
  const read = (text: string): void => {
    output = (output + text).slice(-KEPT);
  };
  child.stdout?.setEncoding('utf8').on('data', read);
  child.stderr?.setEncoding('utf8').on('data', read);
  return () => output.trim();
}

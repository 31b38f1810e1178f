import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Era } from '../../src/protocol/index.ts';

const MAIN = join(import.meta.dirname, '../fixtures/recorder/main.mjs');

/** A config entry for a recording server on stdio. */
export const stdioRecorder = (name: string, era: Era, ...kind: string[]): { command: string; args: string[] } => ({
  command: process.execPath,
  args: [MAIN, name, era, 'stdio', ...kind],
});

/** A recording server over HTTP, in a process of its own: a config entry for it, and how it is stopped. */
export const httpRecorder = (name: string, era: Era, ...kind: string[]): Promise<HttpServer> =>
  httpServer([MAIN, name, era, 'http', ...kind]);

/** A server over HTTP, in a process of its own. */
export interface HttpServer {
  /** For the config. */
  readonly entry: { readonly url: string };
  stop(): Promise<void>;
}

/** Starts a program of Node that says its URL in its first line, and ends with its standard input. */
export async function httpServer(args: readonly string[]): Promise<HttpServer> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [url] = (await once(lines, 'line')) as [string];
  lines.close();
  return {
    entry: { url },
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

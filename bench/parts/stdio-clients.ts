import { spawn } from 'node:child_process';
import type { Crowd, Plan, StdioTarget } from './plan.ts';
import { checkAnswer, requestOf } from './request-of.ts';

/** Servers write it first, or last. */
function idOf(line: string): number {
  const [, id] = /^.{0,30}"id":(\d+)/.exec(line.slice(0, 60)) ?? /"id":(\d+)\}\s*$/.exec(line.slice(-40)) ?? [];
  return Number(id);
}

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The yardstick for stdio: one process, and as many calls in flight on its pipes as there are clients, with next to no
 * work on the client's side.
 */
export async function openStdioClients({ script, args = [] }: StdioTarget, { clients, payload }: Plan): Promise<Crowd> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, Waiting>();
  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  child.on('error', fail);
  child.on('exit', () => fail(new Error('The stdio server ended.')));
  child.stdin.on('error', fail);
  child.stdout.setEncoding('utf8');
  let parts: string[] = [];
  child.stdout.on('data', (chunk: string) => {
    // A line of a megabyte comes in many pieces, which are put together once.
    parts.push(chunk);
    if (!chunk.includes('\n')) return;
    const lines = parts.join('').split('\n');
    parts = [lines.pop() ?? ''];
    for (const line of lines) {
      const id = idOf(line);
      waiting.get(id)?.resolve(line);
      waiting.delete(id);
    }
  });

  let id = 1_000_000;
  const ask = (method: string, params: string): Promise<string> =>
    new Promise((resolve, reject) => {
      id += 1;
      waiting.set(id, { resolve, reject });
      child.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`);
    });
  await ask('initialize', '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}');
  const { method, params } = requestOf(payload);
  const text = JSON.stringify(params);
  const first = await ask(method, text);
  checkAnswer(first, payload);
  const call = async (): Promise<void> => {
    const line = await ask(method, text);
    if (line.length !== first.length) throw new Error(`An unexpected answer: ${line.slice(0, 300)}`);
  };
  return {
    calls: Array.from({ length: clients }, () => call),
    ...(child.pid !== undefined && { pid: child.pid }),
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.stdin.end();
      }),
  };
}

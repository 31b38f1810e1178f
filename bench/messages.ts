import type { ChildProcess } from 'node:child_process';

/** The next message of a child process. Rejects when the child ends before, or after `timeoutMs`. */
export function nextMessage(child: ChildProcess, timeoutMs: number, what: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onError);
      act();
    };
    const onMessage = (message: unknown): void =>
      settle(() => (isRecord(message) ? resolve(message) : reject(new Error(`Not an answer to ${what}: ${String(message)}`))));
    const onExit = (code: number | null, signal: string | null): void =>
      settle(() => reject(new Error(`The process ended (${signal ?? code}) before ${what}.`)));
    const onError = (error: Error): void => settle(() => reject(error));
    const timer = setTimeout(() => settle(() => reject(new Error(`Not within ${timeoutMs} ms: ${what}`))), timeoutMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.on('error', onError);
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

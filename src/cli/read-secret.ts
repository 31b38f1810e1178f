import { HubError } from '../base/index.ts';
import type { CommandIo } from './command.ts';

/** Longest value, in bytes. */
const MAX_BYTES = 1024 * 1024;

/**
 * A value that nobody sees: typed at a prompt that does not show it, or all of standard input without the line break at its end.
 *
 * @throws HubError CANCELLED, USAGE
 */
export async function readSecret(name: string, { process, signal }: Pick<CommandIo, 'process' | 'signal'>): Promise<string> {
  const value = process.stdin.isTTY ? await prompt(name, process, signal) : await all(process.stdin, signal);
  if (value === '') throw new HubError('USAGE', 'The value is empty. Type it at the prompt, or pipe it in.');
  return value;
}

async function prompt(name: string, { stdin, stderr }: NodeJS.Process, signal: AbortSignal): Promise<string> {
  const { password } = await import('@clack/prompts');
  const typed = await password({ message: `Value of "${name}"`, input: stdin, output: stderr, signal });
  if (typeof typed === 'symbol') throw new HubError('CANCELLED', 'Nothing was stored.');
  return typed ?? '';
}

async function all(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => void stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_BYTES) throw new HubError('USAGE', 'The value is larger than 1 MiB.');
      chunks.push(bytes);
    }
  } catch (error) {
    if (signal.aborted) throw new HubError('CANCELLED', 'Nothing was stored.');
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return textOf(Buffer.concat(chunks));
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw new HubError('USAGE', 'The value is no UTF-8 text.');
  }
}

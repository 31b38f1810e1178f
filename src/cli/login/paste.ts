import { createInterface } from 'node:readline';

/** The lines that somebody pastes or pipes in, without the empty ones, until the signal aborts or the input ends. */
export async function* pastedAddress(input: NodeJS.ReadStream, signal: AbortSignal): AsyncGenerator<string> {
  if (signal.aborted) return;
  const lines = createInterface({ input, terminal: false });
  const end = (): void => lines.close();
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const line of lines) if (line.trim() !== '') yield line.trim();
  } finally {
    signal.removeEventListener('abort', end);
    lines.close();
    // A standard input that is read keeps the process alive.
    input.pause();
  }
}

import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** How long the hub may take for the last answers when the input has ended, in milliseconds. It gives up sooner itself. */
const LAST_ANSWERS_WITHIN_MS = 15_000;

export interface RelayOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly socket: Socket;
  /** Aborts when the process is to end: what the hub still does for this client is taken back at once. */
  readonly signal: AbortSignal;
  /** What has come from the socket already. */
  readonly head: Buffer;
}

/**
 * - `input-ended`: the client has closed its side and got what it had asked for
 * - `output-closed`: the client does not read any more, or is gone
 * - `hub-gone`: the hub has closed; `untouched` when nothing of the client's was sent to it
 */
export type RelayEnd = 'input-ended' | 'output-closed' | 'hub-gone' | 'untouched';

/** Carries bytes both ways until one side ends. Never rejects; the socket is closed afterwards. */
export async function relay({ input, output, socket, head, signal }: RelayOptions): Promise<RelayEnd> {
  let late: NodeJS.Timeout | undefined;
  let isTouched = false;
  let hasEnded = false;
  const onData = (): void => {
    isTouched = true;
  };
  const onEnd = (): void => {
    hasEnded = true;
    late = setTimeout(() => socket.destroy(), LAST_ANSWERS_WITHIN_MS);
  };
  // An orderly close would tell the hub that the answers are still waited for.
  const onAbort = (): void => void socket.resetAndDestroy();
  signal.addEventListener('abort', onAbort, { once: true });
  const end = await new Promise<RelayEnd>((resolve) => {
    output.once('error', () => resolve('output-closed'));
    // Expected: ECONNRESET, a client that was killed, where its pipes are sockets. It reads nothing any more.
    input.once('error', () => resolve('output-closed'));
    socket.on('error', () => {
      // Expected: ECONNRESET and EPIPE when the hub is gone; `close` follows.
    });
    socket.once('close', () => resolve(hasEnded ? 'input-ended' : isTouched ? 'hub-gone' : 'untouched'));
    input.on('data', onData).once('end', onEnd);
    if (head.length > 0) output.write(head);
    socket.pipe(output, { end: false });
    input.pipe(socket);
  });
  clearTimeout(late);
  signal.removeEventListener('abort', onAbort);
  input.unpipe(socket);
  input.off('data', onData).off('end', onEnd);
  if (end === 'output-closed') socket.resetAndDestroy();
  return end;
}

import type { JsonObject } from '../protocol/index.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../upstream/index.ts';

/** A task is seen through for this long at most in a client's place, in milliseconds. */
export const MAX_TASK_MS = 3_600_000;
/** How long a server may take to take a cancellation, in milliseconds. */
const CANCEL_MS = 5_000;

/** Sends something to the server of the call; `more` says what is different from the call itself. */
export type Send = (method: string, params: JsonObject | undefined, more?: Partial<UpstreamRequest>) => Promise<UpstreamAnswer>;

/** Takes back a task that nobody will ask for again, whatever ended the wait for it. What the server says to that changes nothing. */
export async function cancelTask(send: Send, taskId: string, more?: Partial<UpstreamRequest>): Promise<void> {
  const apart = { ...more, signal: new AbortController().signal, timeoutMs: CANCEL_MS };
  await send('tasks/cancel', { taskId }, apart).catch(() => undefined);
}

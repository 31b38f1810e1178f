/** Server-sent events as text (WHATWG HTML, "Server-sent events"), LF only, `event:` before `id:` before `data:`. */
export interface SseEvent {
  readonly event?: string;
  readonly id?: string;
  /** Reconnection delay in milliseconds. */
  readonly retry?: number;
  readonly data?: string;
}

/** Readers end a line at each of these; one inside the data would end the field. */
const LINE_END = /\r\n|\r|\n/;

export function sseFrame({ event, id, retry, data }: SseEvent): string {
  let text = '';
  if (event !== undefined) text += `event: ${event}\n`;
  if (id !== undefined) text += `id: ${id}\n`;
  if (retry !== undefined) text += `retry: ${retry}\n`;
  if (data !== undefined) text += `data: ${LINE_END.test(data) ? data.split(LINE_END).join('\ndata: ') : data}\n`;
  return `${text}\n`;
}

/**
 * A line that readers skip and that keeps proxies from closing an idle stream. No empty line follows: some readers make an
 * event without data of that once they have seen an id.
 */
export const SSE_KEEP_ALIVE = ': ping\n';
/** How often an open stream is kept alive, in milliseconds. */
export const SSE_KEEP_ALIVE_MS = 15_000;

/** Headers of every event stream: no buffering and no caching on the way. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

import { setTimeout } from 'node:timers/promises';
import { HubError } from '../../base/index.ts';
import { type HttpPeer, name } from './http-errors.ts';

/** Most bytes of one JSON body, or of one line of an event stream, unless the server's entry says otherwise. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

const LF = 10;
/** So many lines of an event stream are read without a pause … */
const LINES_AT_ONCE = 1_000;
/** … and this long is the pause, in milliseconds: 20,000 lines a second are more than anybody means. */
const PAUSE_MS = 50;

/**
 * `fetch` for a peer that is not trusted with the hub's memory and time: a message that grows beyond the limit breaks its
 * response off, and an event stream is read at a bounded rate, so that a flood of events leaves time for everybody else.
 */
export async function boundedFetch(
  peer: HttpPeer,
  url: string | URL,
  init?: RequestInit,
  maxBytes = peer.maxMessageBytes ?? MAX_MESSAGE_BYTES,
): Promise<Response> {
  const response = await (peer.fetch ?? fetch)(url, init);
  if (!response.body) return response;
  const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(limiter(peer, isStream, maxBytes)), { status, statusText, headers });
}

function limiter(peer: HttpPeer, isStream: boolean, maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let pending = 0;
  let lines = 0;
  return new TransformStream({
    async transform(chunk, controller) {
      const lineEnd = isStream ? chunk.lastIndexOf(LF) : -1;
      pending = lineEnd < 0 ? pending + chunk.byteLength : chunk.byteLength - lineEnd - 1;
      if (pending > maxBytes) {
        const message = `${name(peer)} sent a message of more than ${maxBytes} bytes, which was not read. Ask for less at once, or raise "maxMessageSize" of its entry.`;
        controller.error(new HubError('UPSTREAM_PROTOCOL', message, { details: { server: peer.id, setting: 'maxMessageSize', maxBytes } }));
        return;
      }
      controller.enqueue(chunk);
      if (isStream) lines += linesIn(chunk);
      if (lines < LINES_AT_ONCE) return;
      const pauseMs = (PAUSE_MS * lines) / LINES_AT_ONCE;
      lines = 0;
      await setTimeout(pauseMs, undefined, { ref: false });
    },
  });
}

function linesIn(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count += 1;
  return count;
}

import { setTimeout } from 'node:timers/promises';
import { HubError } from '../../base/index.ts';
import { gatheredBody } from './gathered-body.ts';
import { type HttpPeer, name } from './http-errors.ts';

/** Most bytes of one JSON body, or of one line of an event stream, unless the server's entry says otherwise. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

const LF = 10;
/** So many lines of an event stream are read without a pause … */
const LINES_AT_ONCE = 1_000;
/** … and this long is the pause, in milliseconds: 20,000 lines a second are more than anybody means. */
const LINES_PAUSE_MS = 50;

const MIB = 1024 * 1024;
/** A message longer than this is read in steps of so many bytes … */
const LONG_MESSAGE = 8 * MIB;
const STEP = MIB / 4;
/** … with such a pause after each, in milliseconds. At 4 MiB a second the garbage collector has to interrupt everybody else once a second at most. */
const STEP_PAUSE_MS = 62.5;

/**
 * `fetch` for a peer that is not trusted with the hub's memory and time: a message that grows beyond the limit breaks its
 * response off, and floods of events and long messages are read at a bounded rate, so that they leave time for everybody else.
 *
 * @param onTooLong told of the error with which the response breaks off, because not every reader of a stream passes that on
 */
export async function boundedFetch(
  peer: HttpPeer,
  url: string | URL,
  init?: RequestInit,
  maxBytes = peer.maxMessageBytes ?? MAX_MESSAGE_BYTES,
  onTooLong: (error: HubError) => void = () => {},
): Promise<Response> {
  const response = await (peer.fetch ?? fetch)(url, init);
  if (!response.body) return response;
  const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
  const { status, statusText, headers } = response;
  const allowance = new Allowance(isStream, maxBytes);
  const refuse = (): HubError => {
    const error = tooLong(peer, maxBytes);
    onTooLong(error);
    return error;
  };
  if (!isStream && Number(headers.get('content-length')) > maxBytes) {
    await response.body.cancel();
    return new Response(new ReadableStream({ start: (controller) => controller.error(refuse()) }), { status, statusText, headers });
  }
  const spend = (chunk: Uint8Array): number | undefined => allowance.spend(chunk);
  if (!isStream) return new Response(gatheredBody(response.body, { spend, refuse }), { status, statusText, headers });
  const limiter = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      const pauseMs = spend(chunk);
      if (pauseMs === undefined) return controller.error(refuse());
      controller.enqueue(chunk);
      if (pauseMs > 0) await setTimeout(pauseMs, undefined, { ref: false });
    },
  });
  return new Response(response.body.pipeThrough(limiter), { status, statusText, headers });
}

/** What may still be read of one response. */
class Allowance {
  readonly #isStream: boolean;
  readonly #maxBytes: number;
  /** Bytes of the message that is not complete. */
  #pending = 0;
  /** Since the last pause: lines, and bytes of messages that are long. */
  #lines = 0;
  #long = 0;

  constructor(isStream: boolean, maxBytes: number) {
    this.#isStream = isStream;
    this.#maxBytes = maxBytes;
  }

  /** How long to pause after the chunk, in milliseconds; `undefined` when it makes a message too long. */
  spend(chunk: Uint8Array): number | undefined {
    const lineEnd = this.#isStream ? chunk.lastIndexOf(LF) : -1;
    this.#pending = lineEnd < 0 ? this.#pending + chunk.byteLength : chunk.byteLength - lineEnd - 1;
    if (this.#pending > this.#maxBytes) return undefined;
    if (this.#pending > LONG_MESSAGE) this.#long += chunk.byteLength;
    if (this.#isStream) this.#lines += linesIn(chunk);
    return this.#pauseForLines() + this.#pauseForLength();
  }

  #pauseForLines(): number {
    if (this.#lines < LINES_AT_ONCE) return 0;
    const pauseMs = (LINES_PAUSE_MS * this.#lines) / LINES_AT_ONCE;
    this.#lines = 0;
    return pauseMs;
  }

  #pauseForLength(): number {
    if (this.#long < STEP) return 0;
    const pauseMs = (STEP_PAUSE_MS * this.#long) / STEP;
    this.#long = 0;
    return pauseMs;
  }
}

function tooLong(peer: HttpPeer, maxBytes: number): HubError {
  const message = `${name(peer)} sent a message of more than ${maxBytes} bytes, which was not read. Ask for less at once, or raise "maxMessageSize" of its entry.`;
  return new HubError('UPSTREAM_PROTOCOL', message, { details: { server: peer.id, setting: 'maxMessageSize', maxBytes } });
}

function linesIn(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count += 1;
  return count;
}

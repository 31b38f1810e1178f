import { pipeline, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** What the decoders below are asked for by: of servers across the world also Brotli, which is slow to make. */
export const ACCEPTED_CODINGS = { 'http:': 'gzip, deflate', 'https:': 'br, gzip, deflate' } as const;

/** More codings, one in the other, than anybody means. */
const MAX_CODINGS = 5;

/** An answer that was cut off is told by what is in it, not by how it was packed. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };

const factories: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(ZLIB),
  'x-gzip': () => createGunzip(ZLIB),
  deflate: () => createInflate(ZLIB),
  br: () => createBrotliDecompress(BROTLI),
};

/** What undoes the `Content-Encoding` of an answer, in that order; nothing where it has none, or one that nobody asked for. */
export function decodersFor(encoding: string | readonly string[] | undefined): readonly Transform[] {
  if (encoding === undefined) return [];
  const codings = [encoding].flat().join(',').toLowerCase().split(',');
  const wanted = codings.map((coding) => coding.trim()).filter((coding) => coding !== '' && coding !== 'identity');
  if (wanted.length > MAX_CODINGS || !wanted.every((coding) => Object.hasOwn(factories, coding))) return [];
  return wanted.reverse().flatMap((coding) => factories[coding]?.() ?? []);
}

interface Source {
  pause(): void;
  resume(): void;
}

interface Sink {
  data(chunk: Buffer): void;
  end(): void;
  failed(error: Error): void;
}

/** Undoes the coding of one answer, no faster than it is taken. */
export class Decoder {
  readonly #first: Transform;
  readonly #last: Transform;
  readonly #source: Source;

  /** @param streams at least one */
  constructor(streams: readonly Transform[], source: Source, sink: Sink) {
    const [first, last] = [streams[0], streams.at(-1)];
    if (!first || !last) throw new Error('There is nothing to decode.');
    this.#first = first;
    this.#last = last;
    this.#source = source;
    first.on('drain', () => source.resume());
    last.on('data', (chunk: Buffer) => sink.data(chunk));
    last.on('end', () => sink.end());
    const onError = (error: Error): void => sink.failed(error);
    if (streams.length === 1) first.on('error', onError);
    else pipeline([...streams], (error) => error && onError(error));
  }

  /** @param chunk may be overwritten once this has returned */
  write(chunk: Buffer): void {
    if (!this.#first.write(Buffer.from(chunk))) this.#source.pause();
  }

  end(): void {
    this.#first.end();
  }

  pause(): void {
    this.#last.pause();
  }

  resume(): void {
    this.#last.resume();
  }

  destroy(): void {
    this.#first.destroy();
    this.#last.destroy();
  }
}

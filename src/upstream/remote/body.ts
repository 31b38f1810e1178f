import { ByteCollector, EventReader, type EventReaderOptions } from '../../protocol/index.ts';

/** What becomes of the body of an answer. */
export interface Body {
  /** Bytes of a message that is not complete. */
  readonly held: number;
  /** Lines of an event stream so far. */
  readonly lines: number;
  /** @param chunk may be overwritten once this has returned */
  push(chunk: Buffer): void;
  end(): void;
}

/** A body that is read to its end before anybody looks at it. */
export class WholeBody implements Body {
  readonly lines = 0;
  readonly #bytes = new ByteCollector();
  readonly #done: (bytes: Buffer) => void;

  constructor(done: (bytes: Buffer) => void) {
    this.#done = done;
  }

  get held(): number {
    return this.#bytes.length;
  }

  /** As {@link ByteCollector.expect}. */
  expect(bytes: number): void {
    this.#bytes.expect(bytes);
  }

  push(chunk: Buffer): void {
    this.#bytes.addCopyOf(chunk);
  }

  end(): void {
    this.#done(this.#bytes.take());
  }
}

/** A body that is a stream of events. */
export class EventBody extends EventReader implements Body {
  readonly #onEnd: () => void;

  constructor(options: EventReaderOptions & { readonly onEnd: () => void }) {
    super(options);
    this.#onEnd = options.onEnd;
  }

  override push(chunk: Buffer): void {
    super.push(Buffer.from(chunk));
  }

  end(): void {
    this.#onEnd();
  }
}

/** A body that nobody wants: it is read, so that its connection can be used again. */
export class UnwantedBody implements Body {
  readonly held = 0;
  readonly lines = 0;
  readonly #done: () => void;

  constructor(done: () => void = () => {}) {
    this.#done = done;
  }

  push(): void {}

  end(): void {
    this.#done();
  }
}

import type { Duplex } from 'node:stream';
import { HubError, sleep } from '../base/index.ts';
import type { Context } from './context.ts';
import type { Owner } from './session.ts';
import { Stdio } from './stdio.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Most streams open at once. */
const MAX_STREAMS = 500;
/** How long clients may take to read the last answers when the hub stops, in milliseconds. */
const GRACE_MS = 1_000;

/** The clients that came by a stream of lines. The stream is the client: when it closes, everything of it ends. */
export class StdioClients {
  readonly #context: Context;
  readonly #subscriptions: Subscriptions;
  readonly #open = new Set<Stdio>();
  #onEmpty: (() => void) | undefined;
  #closed = false;

  constructor(context: Context, subscriptions: Subscriptions) {
    this.#context = context;
    this.#subscriptions = subscriptions;
  }

  /** Clients without an open subscription; those with one are counted there. */
  get count(): number {
    let count = 0;
    for (const client of this.#open) if (client.listenCount === 0) count += 1;
    return count;
  }

  /** Why no stream can be opened now. */
  refusal(): HubError | undefined {
    if (this.#closed) return new HubError('SHUTTING_DOWN', 'The hub is stopping.');
    if (this.#open.size < MAX_STREAMS) return undefined;
    return new HubError('LIMIT_EXCEEDED', `The hub has ${MAX_STREAMS} open streams already.`);
  }

  /** Serves a client on `stream` until either side ends it. */
  open(stream: Duplex, owner: Owner): void {
    const client = new Stdio({
      context: this.#context,
      subscriptions: this.#subscriptions,
      owner,
      stream,
      onClose: () => {
        this.#open.delete(client);
        if (this.#open.size === 0) this.#onEmpty?.();
      },
    });
    this.#open.add(client);
    client.open();
  }

  /** From now on nobody is taken in: who comes now has asked nothing yet and can go to another hub. */
  refuseMore(): void {
    this.#closed = true;
  }

  /** Ends every stream after what was sent; resolves when all are closed, after {@link GRACE_MS} by force. */
  async close(): Promise<void> {
    this.refuseMore();
    if (this.#open.size === 0) return;
    const early = new AbortController();
    this.#onEmpty = () => early.abort();
    for (const client of this.#open) client.finish();
    await sleep(this.#context.clock, GRACE_MS, early.signal);
    for (const client of this.#open) client.destroy();
  }
}

import type { Clock, Disposable } from '../base/index.ts';
import type { PoolEvents, Upstream, UpstreamState } from '../upstream/index.ts';
import type { Publish } from './news.ts';
import { statusOf } from './server-status.ts';

/** How long changes are gathered before they are told, in milliseconds. */
const GATHER_MS = 100;
/** The least time between two events, in milliseconds: editors show each of them to a person. */
const APART_MS = 1_000;

/** What {@link ServerNews} needs of the servers. */
export interface StateSource {
  get(id: string): Upstream | undefined;
  all(): readonly Upstream[];
  on(name: 'state', listener: (event: PoolEvents['state']) => void): Disposable;
}

export interface ServerNewsOptions {
  readonly servers: StateSource;
  readonly clock: Clock;
  readonly publish: Publish;
}

/**
 * Tells of servers whose state is another one than readers know (`servers_updated` with `changes.modified`), so that they
 * look at it again: a start or stop somebody asked for, a crash, a recovery. Attempts on the way are not told, so a server
 * that keeps failing in the same way is one event and not a stream of them.
 */
export class ServerNews implements Disposable {
  readonly #options: ServerNewsOptions;
  /** What readers know of each server. */
  readonly #known = new WeakMap<Upstream, string>();
  readonly #changed = new Set<string>();
  /** How many tell of these servers themselves at the moment. */
  readonly #muted = new Map<string, number>();
  #subscription: Disposable | undefined;
  #timer: Disposable | undefined;
  #isSettled = false;
  #nextAtMs = 0;

  constructor(options: ServerNewsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#subscription = this.#options.servers.on('state', ({ id }) => this.#note(id));
  }

  /** The hub has told that it is ready, and with that how all servers are. Before, nothing is told. */
  settled(): void {
    for (const upstream of this.#options.servers.all()) this.#learn(upstream);
    this.#isSettled = true;
  }

  /** Somebody asked for a start or stop of this server, and it is over: what came of it is told, even when that is nothing new. */
  asked(name: string): void {
    const upstream = this.#options.servers.get(name);
    if (!upstream || this.#muted.has(name)) return;
    this.#known.delete(upstream);
    this.#note(name);
  }

  /** Somebody else tells of these servers, from now until the disposal: a change of the config, of a watched file, a restart. */
  mute(names: Iterable<string>): Disposable {
    const muted = [...names];
    for (const name of muted) this.#muted.set(name, (this.#muted.get(name) ?? 0) + 1);
    let isOver = false;
    return {
      dispose: () => {
        if (!isOver) for (const name of muted) this.#unmute(name);
        isOver = true;
      },
    };
  }

  dispose(): void {
    this.#subscription?.dispose();
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#isSettled = false;
  }

  #unmute(name: string): void {
    const left = (this.#muted.get(name) ?? 1) - 1;
    if (left > 0) {
      this.#muted.set(name, left);
      return;
    }
    this.#muted.delete(name);
    this.#changed.delete(name);
    const upstream = this.#options.servers.get(name);
    if (upstream) this.#learn(upstream);
  }

  #note(id: string): void {
    if (!this.#isSettled || this.#muted.has(id)) return;
    const upstream = this.#options.servers.get(id);
    const standing = upstream && standingOf(upstream.state);
    if (standing === undefined) return;
    this.#changed.add(id);
    const { clock } = this.#options;
    this.#timer ??= clock.after(Math.max(GATHER_MS, this.#nextAtMs - clock.now()), () => this.#tell());
  }

  #tell(): void {
    this.#timer = undefined;
    const { servers, publish, clock } = this.#options;
    const modified = [...this.#changed].filter((id) => {
      const upstream = servers.get(id);
      return upstream && this.#learn(upstream);
    });
    this.#changed.clear();
    if (modified.length === 0) return;
    this.#nextAtMs = clock.now() + APART_MS;
    const unchanged = servers.all().flatMap(({ id }) => (modified.includes(id) ? [] : [id]));
    publish({ name: 'subscription_event', data: { type: 'servers_updated', changes: { added: [], removed: [], modified, unchanged } } });
  }

  /** True when it was known otherwise. One on its way somewhere is left as it is known. */
  #learn(upstream: Upstream): boolean {
    const standing = standingOf(upstream.state);
    if (standing === undefined || this.#known.get(upstream) === standing) return false;
    this.#known.set(upstream, standing);
    return true;
  }
}

/** What of a state is worth an event when it changes; `undefined` while the server is on its way to another one. */
function standingOf(state: UpstreamState): string | undefined {
  switch (state.kind) {
    case 'starting':
    case 'stopping':
      return undefined;
    case 'backoff':
      return `${statusOf(state)} ${state.last.code}`;
    case 'failed':
    case 'auth-required':
      return `${statusOf(state)} ${state.error.code}`;
    case 'ready':
      // Another start of the same server, after a crash that nobody was told of, counts.
      return `${statusOf(state)} ${state.sinceMs}`;
    default:
      return statusOf(state);
  }
}

import { type Clock, type Disposable, type Logger, toHubError } from '../../base/index.ts';
import type { Era } from '../../protocol/index.ts';
import { KeepAlive } from '../remote/keep-alive.ts';
import type { Link } from './link.ts';
import { Liveness } from './liveness.ts';

export interface HeartbeatOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly link: Link;
  readonly era: Era;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the server is pinged whatever happens, in milliseconds; absent for never. */
  readonly keepAliveMs: number | undefined;
  /** The longest silence before it is asked whether it is there, in milliseconds; absent or 0 for never asking. */
  readonly pingIntervalMs: number | undefined;
  /** As {@link LivenessOptions.onDegraded}. */
  readonly onDegraded: () => void;
  /** Resolves with whatever the server answers. @throws HubError when it does not */
  readonly ping: (timeoutMs?: number) => Promise<unknown>;
}

/** The pings of one connection: those that keep its stream open, and those that find out whether somebody is there. */
export class Heartbeat implements Disposable {
  readonly #options: HeartbeatOptions;
  readonly #keepAlive: KeepAlive | undefined;
  readonly #liveness: Liveness | undefined;

  constructor(options: HeartbeatOptions) {
    const { id, link, era, clock, logger, keepAliveMs: everyMs, pingIntervalMs = 0, ping, onDegraded } = options;
    this.#options = options;
    this.#keepAlive = everyMs === undefined ? undefined : new KeepAlive({ clock, everyMs, ping: () => this.#makeNoise() });
    // Revision 2026-07-28 has no ping: there the stream of the subscription ends with the server, and calls fail by themselves.
    if (pingIntervalMs === 0 || era === 'modern') return;
    this.#liveness = new Liveness({
      id,
      clock,
      logger,
      everyMs: pingIntervalMs,
      heard: () => link.heard,
      isBusy: () => link.isBusy,
      ping,
      onDegraded,
      onLost: (error) => link.fail(error),
    });
  }

  /** As {@link Liveness.degraded}. */
  get degraded(): string | undefined {
    return this.#liveness?.degraded;
  }

  start(): void {
    this.#keepAlive?.start();
    this.#liveness?.start();
  }

  dispose(): void {
    this.#keepAlive?.dispose();
    this.#liveness?.dispose();
  }

  async #makeNoise(): Promise<void> {
    try {
      await this.#options.ping();
    } catch (error) {
      // Expected: TIMEOUT, or the end of the link, which is told by its own event.
      this.#options.logger.debug('A ping was not answered', { code: toHubError(error).code });
    }
  }
}

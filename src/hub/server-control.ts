import { type Clock, closest, deferred, HubError, waitAtMost } from '../base/index.ts';
import type { ServerEdit } from '../config/index.ts';
import type { HubGateway } from '../gateway/index.ts';
import type { ServerControl, ServerObject } from '../http/index.ts';
import { hasLoginsOfEach, type Logins, type Pool, type Upstream } from '../upstream/index.ts';
import type { LiveConfig } from './live-config.ts';
import { livesOf, notRenewed } from './renewal.ts';
import { serverObject } from './report.ts';

/** The longest that somebody waits for a server to start; it goes on starting after that. In milliseconds. */
const WAIT_FOR_START_MS = 60_000;

/** Waits for servers to start: at most a minute, and not when the hub stops. */
export type StartWait = (work: Promise<void>) => Promise<void>;

export function startWait(clock: Clock, stopped: AbortSignal): StartWait {
  return (work) => waitAtMost(work, { clock, atMostMs: WAIT_FOR_START_MS, signal: stopped });
}

export interface HubServersOptions {
  readonly pool: Pool;
  readonly gateway: Pick<HubGateway, 'notes'>;
  readonly logins: Pick<Logins, 'authorizationUrl'>;
  readonly config: LiveConfig;
  /** A start or stop of this server was asked for and is over; a change of the config tells of its servers itself. */
  readonly tellOf: (name: string) => void;
  readonly clock: Clock;
  readonly waitForStart: StartWait;
}

/** The servers, as the management API has them. */
export class HubServers implements ServerControl {
  readonly #options: HubServersOptions;

  constructor(options: HubServersOptions) {
    this.#options = options;
  }

  all(): readonly ServerObject[] {
    return this.#options.pool.all().map((upstream) => this.#object(upstream));
  }

  get(name: string): ServerObject {
    return this.#object(this.#find(name));
  }

  async start(name: string): Promise<ServerObject> {
    const { definition } = this.#find(name);
    if (definition.disabled) await this.#edit(name, { disabled: null });
    this.#find(name).start();
    await this.attempted([name]);
    if (!definition.disabled) this.#options.tellOf(name);
    const { state } = this.#find(name);
    if (state.kind === 'backoff') throw state.last;
    if (state.kind === 'failed') throw state.error;
    return this.get(name);
  }

  async stop(name: string, { disable }: { readonly disable: boolean }): Promise<ServerObject> {
    const upstream = this.#find(name);
    if (disable) await this.#edit(name, { disabled: true });
    else {
      await upstream.stop();
      this.#options.tellOf(name);
    }
    return this.get(name);
  }

  async restart(name: string): ReturnType<ServerControl['restart']> {
    const upstream = this.#find(name);
    if (upstream.definition.disabled) {
      const message = `Server "${name}" is disabled in ${upstream.definition.source}. Start it to enable it.`;
      throw new HubError('CONFLICT', message, { details: { server: name } });
    }
    const before = livesOf(upstream);
    await this.#options.waitForStart(upstream.restart());
    return { server: this.get(name), notRenewed: notRenewed(before, livesOf(this.#find(name))) };
  }

  async refresh(name: string): Promise<ServerObject> {
    await this.#find(name).refresh();
    return this.get(name);
  }

  /** Those that are down stay as they are. */
  async refreshAll(): Promise<readonly ServerObject[]> {
    const running = this.#options.pool.all().filter(({ state }) => state.kind === 'ready');
    // One that fails meanwhile tells so by its state.
    await Promise.allSettled(running.map((upstream) => upstream.refresh()));
    return this.all();
  }

  log(name: string): readonly { readonly atMs: number; readonly text: string }[] {
    return this.#find(name).stderrTail();
  }

  async environment(name: string): Promise<readonly { readonly name: string; readonly value: string; readonly from: string }[]> {
    return this.#find(name).environmentNames;
  }

  /** Starts those that are down and not meant to be: what sleeps, or is started by hand only, stays as it is. */
  async startDown(): Promise<void> {
    const isMeantToRun = ({ definition, state }: Upstream): boolean =>
      !definition.disabled && state.kind !== 'ready' && (state.kind !== 'stopped' || state.reason === undefined);
    const down = this.#options.pool.all().filter(isMeantToRun);
    for (const upstream of down) upstream.start();
    await this.attempted(down.map(({ id }) => id));
  }

  /** Resolves when none of these is starting any more, or after a minute. Never rejects. */
  async attempted(names: readonly string[]): Promise<void> {
    const { pool } = this.#options;
    const isOver = (): boolean => names.every((name) => !['starting', 'stopping'].includes(pool.get(name)?.state.kind ?? ''));
    if (isOver()) return;
    const over = deferred<void>();
    const look = (): void => {
      if (isOver()) over.resolve();
    };
    const listening = [pool.on('state', look), pool.on('members', look)];
    await this.#options.waitForStart(over.promise);
    for (const one of listening) one.dispose();
  }

  async #edit(name: string, patch: Readonly<Record<string, unknown>>): Promise<void> {
    const { source: file } = this.#find(name).definition;
    const edit: ServerEdit = { kind: 'patch', name, patch };
    const { applied } = await this.#options.config.edit([edit], { file });
    if (applied) await this.#options.waitForStart(applied.done);
  }

  #find(name: string): Upstream {
    const { pool } = this.#options;
    const upstream = pool.get(name);
    if (upstream) return upstream;
    throw unknownServer(name, pool.all());
  }

  #object(upstream: Upstream): ServerObject {
    const { clock, gateway, logins } = this.#options;
    // A page for one principal alone is shown to nobody else.
    const page = hasLoginsOfEach(upstream.definition) ? undefined : logins.authorizationUrl(upstream.id);
    return serverObject(upstream, gateway.notes, clock.now(), page);
  }
}

/** There is no such server; says which name may have been meant. */
export function unknownServer(name: string, all: readonly { readonly id: string }[]): HubError {
  const near = closest(
    name,
    all.map(({ id }) => id),
  );
  const advice = near === undefined ? 'GET /api/servers lists those that are.' : `Did you mean "${near}"?`;
  return new HubError('SERVER_NOT_FOUND', `No server "${name}" is configured. ${advice}`, { details: { server: name } });
}

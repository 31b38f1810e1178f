import { type Disposable, Disposables, Emitter, type Logger, messageOf, systemClock } from '../base/index.ts';
import { ConfigStore, formatDiagnostic, type HubConfig, loadConfig } from '../config/index.ts';
import type { ListKind } from '../protocol/index.ts';
import type { Upstream } from '../upstream/index.ts';
import { healthObject } from './health.ts';
import { IdleWatch } from './idle-watch.ts';
import { buildParts, hubLogger, type HubParts } from './parts.ts';
import { Registration } from './registration.ts';
import { errorOf, reportOf, serverObject, statusOf } from './report.ts';
import type { Hub, HubEvents, HubOptions, HubState } from './types.ts';
import { WorkspaceFile } from './workspaces.ts';

/** A hub that has not started anything yet. */
export function createHub(options: HubOptions): Hub {
  return new LocalHub(options);
}

/** The composition root: builds the parts, starts them in order, and undoes it in reverse. */
class LocalHub implements Hub {
  readonly #options: HubOptions;
  readonly #logger: Logger;
  readonly #emitter: Emitter<HubEvents>;
  readonly #owned = new Disposables();
  readonly #stopped = new AbortController();
  #state: HubState = 'starting';
  #config: HubConfig | undefined;
  #parts: HubParts | undefined;
  #registration: Registration | undefined;
  #port = 0;
  #stopping: Promise<void> | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#logger = hubLogger(options);
    this.#emitter = new Emitter((error) => this.#logger.error(`A listener of the hub failed: ${messageOf(error)}`));
  }

  on<K extends keyof HubEvents>(name: K, listener: (event: HubEvents[K]) => void): Disposable {
    return this.#emitter.on(name, listener);
  }

  async start(): Promise<{ readonly port: number; readonly urls: readonly string[] }> {
    const config = await this.#loadConfig();
    const parts = buildParts({
      options: this.#options,
      config,
      settings: () => config.settings,
      logger: this.#logger,
      management: { health: async () => this.#health() },
      port: () => this.#port,
    });
    // The port first: when it is taken, nothing else has happened yet.
    const { port } = await parts.server.start();
    this.#port = port;
    this.#config = config;
    this.#parts = parts;
    this.#owned.add(parts.gateway).start();
    this.#owned.add(parts.pool.on('state', ({ id }) => this.#report(parts.pool.get(id))));
    this.#owned.add(parts.pool.on('listing', ({ id }) => this.#report(parts.pool.get(id))));
    this.#logger.info('The hub listens', { port, servers: config.servers.length });
    parts.pool.startAll();
    void this.#announceSettled(parts, this.#attend(parts, config));
    return { port, urls: [`http://localhost:${port}/mcp`] };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #loadConfig(): Promise<HubConfig> {
    const { configFiles, env, cwd, paths } = this.#options;
    const store = new ConfigStore(() => loadConfig({ files: configFiles, env, cwd, defaultFile: paths.defaultConfigFile }));
    const config = await store.apply();
    for (const diagnostic of config.diagnostics) this.#logger.warn(formatDiagnostic(diagnostic));
    return config;
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    this.#stopped.abort();
    const parts = this.#parts;
    // The entry first: who looks for a hub now must not find this one.
    const left = this.#registration?.leave();
    if (parts) await Promise.all([parts.server.close(), parts.pool.stopAll(), left]);
    this.#owned.dispose();
    this.#state = 'stopped';
    this.#logger.info('The hub has stopped');
  }

  /** Tells other programs that the hub runs, and finds out when nobody needs it any more. Resolves when the first is done. */
  #attend({ endpoint }: HubParts, { files }: HubConfig): Promise<void> {
    const { cwd, paths, shutdownDelayMs: delayMs } = this.#options;
    const file = new WorkspaceFile({ stateDir: paths.stateDir, clock: systemClock });
    const registration = new Registration({
      file,
      clock: systemClock,
      logger: this.#logger,
      cwd,
      configFiles: files,
      shutdownDelayMs: delayMs,
    });
    this.#registration = registration;
    const entered = registration.enter(this.#port);
    const watch = new IdleWatch({
      clock: systemClock,
      clients: [() => endpoint.clientCount],
      calls: () => endpoint.calls,
      delayMs,
      onChange: (presence) => registration.tell(presence),
      onIdle: () => this.#emitter.emit('idle', { forMs: delayMs ?? 0 }),
    });
    this.#owned.add(watch).start();
    return entered;
  }

  async #announceSettled({ pool }: HubParts, entered: Promise<void>): Promise<void> {
    const all = pool.all();
    await pool.settled(
      all.map(({ id }) => id),
      this.#stopped.signal,
    );
    await entered;
    if (this.#stopped.signal.aborted) return;
    this.#state = 'ready';
    this.#emitter.emit('settled', { ready: all.filter(({ state }) => state.kind === 'ready').length, total: all.length });
  }

  #report(upstream: Upstream | undefined): void {
    const parts = this.#parts;
    if (!upstream || !parts) return;
    const report = reportOf(upstream, parts.gateway.notes);
    const error = errorOf(report.state);
    const facts = { server: upstream.id, status: statusOf(report.state), ...(error !== null && { error }) };
    if (report.state.kind === 'ready')
      this.#logger.info(`Server "${upstream.id}" is ready`, { ...facts, ...report.counts, tookMs: report.state.tookMs });
    else this.#logger.debug(`Server "${upstream.id}" is ${report.state.kind}`, facts);
    this.#emitter.emit('server', report);
  }

  #health(): object {
    const parts = this.#parts;
    const nowMs = systemClock.now();
    const notes = parts?.gateway.notes ?? [];
    const count = (kind: ListKind): number => parts?.gateway.count(kind) ?? 0;
    return healthObject({
      state: this.#state,
      hubVersion: this.#options.version,
      port: this.#port,
      mcpClients: parts?.endpoint.clientCount ?? 0,
      counts: {
        tools: count('tools'),
        resources: count('resources'),
        resourceTemplates: count('resourceTemplates'),
        prompts: count('prompts'),
      },
      servers: this.#config?.servers.flatMap((definition) => {
        const upstream = parts?.pool.get(definition.id);
        return upstream ? [serverObject(upstream, definition, notes, nowMs)] : [];
      }),
      nowMs,
    });
  }
}

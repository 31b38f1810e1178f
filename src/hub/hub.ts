import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger, type Disposable, Disposables, Emitter, HubError, type Logger, messageOf, systemClock } from '../base/index.ts';
import type { HubConfig } from '../config/index.ts';
import type { Upstream } from '../upstream/index.ts';
import type { DevMode } from './dev-mode.ts';
import { devModeOf } from './dev-pool.ts';
import { reportedVersion } from './health.ts';
import { IdleWatch } from './idle-watch.ts';
import { HubLife } from './life.ts';
import { LaunchSecrets } from './launch-secrets.ts';
import { LiveConfig } from './live-config.ts';
import { HubMarketplace } from './load-marketplace.ts';
import { LoginControl } from './login-control.ts';
import { HubManagement } from './management.ts';
import { HubNews } from './news-sources.ts';
import { buildParts, hubLogger, type HubParts } from './parts.ts';
import { Registration } from './registration.ts';
import { reportOf } from './report.ts';
import { ServerLog } from './server-log.ts';
import type { Hub, HubEvents, HubOptions } from './types.ts';
import { WorkspaceFile } from './workspaces.ts';

/** How long a stop takes at most where `shutdownTimeout` is short, and what it takes when all calls are over, in milliseconds. */
const STOP_WITHIN_MS = 5_000;
const STOP_PARTS_MS = 3_500;
/** What is left of that for what comes after the logins, in milliseconds. */
const STOP_LAST_MS = 300;

/** A hub that has not started anything yet. */
export function createHub(options: HubOptions): Hub {
  return new LocalHub(options);
}

/** The composition root: builds the parts, starts them in order, and undoes it in reverse. */
class LocalHub implements Hub {
  readonly #options: HubOptions;
  readonly #logger: Logger;
  readonly #serverLog: ServerLog;
  readonly #emitter: Emitter<HubEvents>;
  readonly #news: HubNews;
  readonly #owned = new Disposables();
  readonly #stopped = new AbortController();
  readonly #life: HubLife;
  readonly #live: LiveConfig;
  readonly #workspaces: WorkspaceFile;
  readonly #marketplace: HubMarketplace;
  readonly #secrets = new LaunchSecrets();
  #parts: HubParts | undefined;
  #registration: Registration | undefined;
  #dev: DevMode | undefined;
  #port = 0;
  #hasStarted = false;
  #stopping: Promise<void> | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    const onListenerError = (error: unknown): void => this.#logger.error(`A listener of the hub failed: ${messageOf(error)}`);
    this.#news = new HubNews({ clock: systemClock, version: reportedVersion(options.env), port: () => this.#port, onListenerError });
    this.#logger = hubLogger(options, this.#news.sink);
    this.#serverLog = new ServerLog({ logger: this.#logger, failures: createLogger(options.sinks) });
    this.#emitter = new Emitter(onListenerError);
    this.#workspaces = new WorkspaceFile({ stateDir: options.paths.stateDir, clock: systemClock });
    this.#life = new HubLife({
      clock: systemClock,
      onState: (state) => this.#news.hubState(state),
      onEnding: () => this.#parts?.server.stopListening(),
      onEnded: () => this.#emitter.emit('ended', { reason: 'hard-restart' }),
    });
    const { configFiles: files, env, cwd, paths } = options;
    this.#live = new LiveConfig({
      files: { files, env, cwd, defaultFile: paths.defaultConfigFile },
      stateDir: paths.stateDir,
      clock: systemClock,
      logger: this.#logger,
      publish: this.#news.publish,
      mute: (names) => this.#news.mute(names),
    });
    this.#marketplace = new HubMarketplace({ env, dataDir: paths.dataDir, settings: () => this.#live.current.settings.marketplace });
  }

  on<K extends keyof HubEvents>(name: K, listener: (event: HubEvents[K]) => void): Disposable {
    return this.#emitter.on(name, listener);
  }

  async start(): ReturnType<Hub['start']> {
    const config = await this.#live.load();
    this.#refuseWhenStopping();
    const parts = buildParts({
      options: this.#options,
      config,
      settings: () => this.#live.current.settings,
      logger: this.#logger,
      management: (managed) => this.#management(managed),
      port: () => this.#port,
      secrets: this.#secrets,
    });
    parts.keys.check();
    // The port first: when it is taken, nothing else has happened yet.
    const { port } = await parts.server.start();
    if (this.#stopping) await parts.server.close();
    this.#refuseWhenStopping();
    this.#port = port;
    this.#parts = parts;
    const firstKey = await parts.keys.open();
    this.#refuseWhenStopping();
    // Before anybody follows them: what the servers offered before is merged once, and not again for each of them.
    parts.pool.startAll();
    this.#owned.add(parts.gateway).start();
    this.#owned.add(parts.keyedLogins).start();
    this.#owned.add(parts.pool.on('members', () => parts.logins.keep(parts.pool.all().map(({ id }) => id))));
    this.#owned.add(parts.pool.on('members', ({ changed, removed }) => this.#emitter.emit('entries', { changed, removed })));
    this.#owned.add(parts.pool.on('state', ({ id }) => this.#report(parts.pool.get(id))));
    this.#owned.add(parts.pool.on('listing', ({ id }) => this.#showOffer(parts, parts.pool.get(id))));
    this.#hasStarted = true;
    this.#logger.info('The hub listens', { port, servers: config.servers.length });
    for (const upstream of parts.pool.all()) this.#report(upstream);
    this.#live.attach({
      servers: parts.pool,
      onSettings: (changed) => {
        if (changed.includes('auth')) void parts.keys.follow();
        if (changed.includes('maxToolNameLength')) parts.gateway.rebuild();
      },
    });
    this.#dev = this.#startDevMode(parts.pool);
    this.#owned.add(this.#live);
    if (this.#options.watch === true) this.#live.watch();
    void this.#tellOthers(parts, config);
    return { port, urls: port === 0 ? [] : [`http://localhost:${port}/mcp`], needsKey: parts.keys.isNeeded, firstKey };
  }

  /** Not before those who wait at the port already were heard: none of it is for them. */
  async #tellOthers(parts: HubParts, config: HubConfig): Promise<void> {
    await turn();
    await turn();
    if (!this.#stopping) await this.#announceSettled(parts, this.#attend(parts, config));
  }

  get stopWithinMs(): number {
    const callsMs = this.#parts ? this.#live.current.settings.shutdownTimeoutMs : 0;
    return Math.max(STOP_WITHIN_MS, callsMs + STOP_PARTS_MS);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  redact(text: string): string {
    return this.#secrets.redact(text);
  }

  async reload(): Promise<void> {
    if (this.#parts && !this.#stopping) await this.#live.reloadAndTell();
  }

  /** Of a hub that was stopped in the middle of its start, nothing may begin any more: nobody would end it. */
  #refuseWhenStopping(): void {
    if (this.#stopping) throw new HubError('SHUTTING_DOWN', 'The hub was stopped before it had started.');
  }

  /** What it watches follows the config. */
  #startDevMode(pool: HubParts['pool']): DevMode {
    const { env, cwd } = this.#options;
    const dev = devModeOf({
      pool,
      clock: systemClock,
      logger: this.#logger,
      publish: this.#news.publish,
      mute: (names) => this.#news.mute(names),
      env,
      cwd,
    });
    const follow = (): void => dev.follow(pool.all().map(({ definition }) => definition));
    this.#owned.add(pool.on('members', follow));
    follow();
    return dev;
  }

  #management(parts: Omit<HubParts, 'server' | 'way'>): HubManagement {
    return new HubManagement({
      options: this.#options,
      parts,
      config: this.#live,
      life: this.#life,
      workspaces: this.#workspaces,
      events: this.#news.events,
      tellOf: (name) => this.#news.asked(name),
      marketplace: this.#marketplace,
      logins: new LoginControl({ ...parts, logger: this.#logger, env: this.#options.env }),
      clock: systemClock,
      port: () => this.#port,
      stopped: this.#stopped.signal,
    });
  }

  async #stop(): Promise<void> {
    const endMs = systemClock.now() + this.stopWithinMs - STOP_LAST_MS;
    this.#life.stopping();
    this.#life.dispose();
    this.#live.dispose();
    this.#news.dispose();
    this.#stopped.abort();
    const parts = this.#parts;
    // The entry first: who looks for a hub now must not find this one.
    const left = this.#registration?.leave();
    if (parts) {
      const closing = parts.server.close();
      // The servers are needed for as long as calls in flight may go on.
      const ended = parts.endpoint.drain().then(() => parts.pool.stopAll());
      await Promise.all([closing, ended, left, this.#dev?.close(), this.#marketplace.close(), closing.then(() => parts.keys.close())]);
    }
    await parts?.keyedLogins.close();
    await parts?.logins.close(Math.max(endMs - systemClock.now(), 0));
    await parts?.way.close();
    this.#owned.dispose();
    this.#life.stopped();
    if (this.#hasStarted) this.#logger.info('The hub has stopped');
  }

  /** Tells other programs that the hub runs, and finds out when nobody needs it any more. Resolves when the first is done. */
  #attend({ endpoint, pool, logins, server }: HubParts, { files }: HubConfig): Promise<void> {
    const { cwd, shutdownDelayMs: delayMs, socket } = this.#options;
    const file = this.#workspaces;
    this.#news.start({ servers: pool, workspaces: file, logins });
    const registration = new Registration({
      file,
      clock: systemClock,
      logger: this.#logger,
      cwd,
      configFiles: files,
      shutdownDelayMs: delayMs,
      ...(socket !== undefined && { socket: resolve(cwd, socket) }),
    });
    this.#registration = registration;
    const entered = registration.enter(this.#port);
    const watch = new IdleWatch({
      clock: systemClock,
      clients: [() => endpoint.clientCount, () => server.eventReaders.count],
      calls: () => ({ running: endpoint.calls.running, begun: endpoint.calls.begun + server.eventReaders.opened }),
      delayMs,
      onChange: (presence) => registration.tell(presence),
      onIdle: () => this.#emitter.emit('idle', { forMs: delayMs ?? 0 }),
    });
    this.#owned.add(watch).start();
    return entered;
  }

  /** A server has other lists: who shows them hears of it, but the log does not say again that it is ready. */
  #showOffer({ gateway }: HubParts, upstream: Upstream | undefined): void {
    if (upstream) this.#emitter.emit('server', reportOf(upstream, gateway.notes));
  }

  async #announceSettled({ pool }: HubParts, entered: Promise<void>): Promise<void> {
    const all = pool.all();
    await pool.settled(
      all.map(({ id }) => id),
      this.#stopped.signal,
    );
    await entered;
    if (this.#stopped.signal.aborted) return;
    this.#life.settled();
    this.#emitter.emit('settled', { ready: all.filter(({ state }) => state.kind === 'ready').length, total: all.length });
  }

  #report(upstream: Upstream | undefined): void {
    const parts = this.#parts;
    if (!upstream || !parts) return;
    const report = reportOf(upstream, parts.gateway.notes);
    this.#serverLog.tell(upstream, report);
    this.#emitter.emit('server', report);
  }
}

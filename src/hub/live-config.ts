import { join, resolve } from 'node:path';
import { type Clock, type Disposable, isHubError, type Logger, messageOf, toHubError } from '../base/index.ts';
import {
  type Applied,
  type ConfigChange,
  ConfigStore,
  ConfigWatch,
  type Diagnostic,
  type EditOptions,
  type EditResult,
  formatDiagnostic,
  type HubConfig,
  type HubSettings,
  type LoadOptions,
  loadConfig,
  readConfigFile,
  type ServerDefinition,
  type ServerEdit,
} from '../config/index.ts';
import { failureNews, Reconciler } from './reconcile.ts';
import type { Publish } from './news.ts';

export interface LiveConfigOptions {
  readonly files: Omit<LoadOptions, 'texts' | 'whenGone'>;
  /** Folder of what hubs know of each other. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publish: Publish;
  /** As the event log has it: while it lives, nobody else tells of these servers. */
  readonly mute: (names: Iterable<string>) => Disposable;
}

/** What goes by the config. */
export interface ConfigFollowers {
  /** As `Pool.apply`. */
  readonly servers: {
    apply(definitions: readonly ServerDefinition[], restart: ReadonlySet<string>): Promise<void>;
    /** As `Pool.catchUp`. */
    catchUp(): Promise<void>;
  };
  /** Told when settings are others now: those that are asked for at every use need no more, others do. */
  readonly onSettings: (changed: readonly (keyof HubSettings)[]) => void;
}

/**
 * The config as it lives: loaded at the start, and again when somebody asks, when a file changes, or with every edit through the
 * hub. All of it is one road, `ConfigStore`; what runs is made to go by it in `Reconciler`.
 */
export class LiveConfig implements Disposable {
  readonly #options: LiveConfigOptions;
  readonly #store: ConfigStore;
  readonly #reconciler: Reconciler;
  #watch: ConfigWatch | undefined;
  /** The files could not be used when they were last looked at. */
  #isBroken = false;

  constructor(options: LiveConfigOptions) {
    this.#options = options;
    this.#reconciler = new Reconciler(options);
    this.#store = new ConfigStore({
      load: (how) => loadConfig({ ...options.files, ...how }),
      cwd: options.files.cwd,
      locksDir: join(options.stateDir, 'locks'),
      clock: options.clock,
      warn: (text) => options.logger.warn(text),
      follow: (change) => this.#follow(change),
    });
  }

  get current(): HubConfig {
    return this.#store.current;
  }

  /** Loads it for the first time. @throws HubError CONFIG_ERROR */
  async load(): Promise<HubConfig> {
    const { config } = await this.#store.apply();
    for (const diagnostic of config.diagnostics) this.#options.logger.warn(formatDiagnostic(diagnostic));
    return config;
  }

  /** From now on these go by it. */
  attach(followers: ConfigFollowers): void {
    this.#reconciler.attach(followers);
  }

  /** From now on saved files are loaded by themselves. */
  watch(): void {
    const { clock, files, logger } = this.#options;
    this.#watch = new ConfigWatch({
      paths: this.#pathsOf(this.current.files),
      clock,
      isWhole: (text) => readConfigFile({ file: '', text }, files.cwd).diagnostics.every(({ severity }) => severity !== 'error'),
      // A file that goes is mostly on its way (a checkout, a mount): only who reloads says that it is meant to be gone.
      onChange: () => void this.reloadAndTell({ keepsGone: true }),
      onProblem: (text) => logger.warn(text),
    });
    this.#watch.start();
  }

  /**
   * Loads the files again, and tries at once what did not become ready after it was changed: what it needs may be there now.
   * Resolves when the files are in force, and `done` when everything goes by them. When they cannot be used, nothing has moved, and
   * readers of the events know where they are broken.
   *
   * @param how as `ConfigStore.apply`
   * @throws HubError CONFIG_ERROR (`details.diagnostics`)
   */
  async reload(how: { readonly keepsGone?: boolean } = {}): Promise<Applied> {
    try {
      const applied = await this.#store.apply(how);
      const { files, texts } = applied.config;
      this.#watch?.noteMissing(this.#pathsOf(files.filter((file) => !texts.has(file))));
      const caughtUp = this.#reconciler.catchUp();
      return { ...applied, done: applied.done.then(() => caughtUp) };
    } catch (error) {
      this.#isBroken = true;
      this.#options.publish(failureNews(toHubError(error)));
      throw error;
    }
  }

  /** The same, where nobody is there to hear of a failure: it is logged. Never rejects. */
  async reloadAndTell(how: { readonly keepsGone?: boolean } = {}): Promise<void> {
    try {
      const { done } = await this.reload(how);
      await done;
    } catch (error) {
      const diagnostics = isHubError(error) ? error.details['diagnostics'] : undefined;
      const message = `The config files have changed and cannot be used; the hub goes on as before. ${messageOf(error)}`;
      this.#options.logger.error(message, { code: toHubError(error).code, ...(diagnostics !== undefined && { diagnostics }) });
    }
  }

  /** As `ConfigStore.edit`. */
  edit(edits: readonly ServerEdit[], options: EditOptions): Promise<EditResult> {
    return this.#store.edit(edits, options);
  }

  dispose(): void {
    this.#watch?.dispose();
  }

  #pathsOf(files: readonly string[]): readonly string[] {
    return files.map((file) => resolve(this.#options.files.cwd, file));
  }

  async #follow(change: ConfigChange): Promise<void> {
    const { before, after } = change;
    const wasBroken = this.#isBroken;
    this.#isBroken = false;
    if (!before) return;
    this.#warn(before.diagnostics, after.diagnostics);
    if (change.diff.isEmpty && !wasBroken) return;
    await this.#reconciler.follow(change);
  }

  /** Only what is new: what was wrong before has been said. */
  #warn(before: readonly Diagnostic[], after: readonly Diagnostic[]): void {
    const told = new Set(before.map(({ file, keyPath, message }) => [file, keyPath, message].join('\n')));
    for (const diagnostic of after) {
      const { file, keyPath, message } = diagnostic;
      if (!told.has([file, keyPath, message].join('\n'))) this.#options.logger.warn(formatDiagnostic(diagnostic));
    }
  }
}

import { HubError } from '../base/index.ts';
import type { HubConfig } from './config.ts';

/**
 * The one road for every config change (docs/architecture.md): holds the value in force and replaces it as a whole,
 * one change at a time, in the order they were asked for.
 */
export class ConfigStore {
  readonly #load: () => Promise<HubConfig>;
  #current: HubConfig | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(load: () => Promise<HubConfig>) {
    this.#load = load;
  }

  /** The config in force. Only after the first {@link apply} has succeeded. */
  get current(): HubConfig {
    if (!this.#current) throw new HubError('UNHANDLED_ERROR', 'The configuration was asked for before it was loaded.');
    return this.#current;
  }

  /**
   * Loads the config and puts it in force. When that fails, nothing has moved.
   *
   * @throws HubError CONFIG_ERROR, as `loadConfig`
   */
  apply(): Promise<HubConfig> {
    const result = this.#last.then(async () => {
      this.#current = await this.#load();
      return this.#current;
    });
    // Whoever asked for a change hears of its failure; the next change does not depend on it.
    this.#last = result.catch(() => {});
    return result;
  }
}

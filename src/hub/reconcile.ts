import { type Disposable, type HubError, type Logger, messageOf } from '../base/index.ts';
import { changeWords, type ConfigChange, type ConfigChanges, configChanges, type ConfigDiff, maskConfig } from '../config/index.ts';
import type { ConfigFollowers } from './live-config.ts';
import type { Changes, News, Publish } from './news.ts';

export interface ReconcilerOptions {
  readonly logger: Logger;
  readonly publish: Publish;
  readonly mute: (names: Iterable<string>) => Disposable;
}

/** Makes what runs go by a new config, and tells of it. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #followers: ConfigFollowers | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  attach(followers: ConfigFollowers): void {
    this.#followers = followers;
  }

  /** Tries at once what did not become ready after it was changed. Never rejects. */
  async catchUp(): Promise<void> {
    await this.#followers?.servers.catchUp();
  }

  /**
   * All of it has begun when this returns; the promise resolves when the first attempt of every server that was started has ended
   * either way. A server that does not start is no mistake of the config, which stays in force. Never rejects.
   */
  async follow({ before, after, diff }: ConfigChange): Promise<void> {
    const { logger, publish, mute } = this.#options;
    const { isSignificant, added, removed, modified, unchanged } = diff;
    const told = configChanges(before ?? after, after, diff);
    const changes = changesOf(diff, told);
    const newConfig = maskConfig(after.document);
    publish({ name: 'subscription_event', data: { type: 'config_changed', newConfig, isSignificant } });
    const words = changeWords(told) || 'nothing in it is new';
    logger.info(`The config was loaded again: ${words}.`, {
      added,
      removed,
      modified,
      unchanged,
      changed: told.changed,
      settings: told.settings,
    });
    const muted = mute([...added, ...modified]);
    if (isSignificant) publish({ name: 'subscription_event', data: { type: 'servers_updating', changes } });
    try {
      if (diff.settings.length > 0) this.#followers?.onSettings(diff.settings);
      await this.#followers?.servers.apply(after.servers, diff.restart);
    } catch (error) {
      logger.error(`A mistake in the hub itself: not everything goes by the new config: ${messageOf(error)}`, { code: 'UNHANDLED_ERROR' });
    }
    if (isSignificant) publish({ name: 'subscription_event', data: { type: 'servers_updated', changes } });
    muted.dispose();
  }
}

/** A config that could not be loaded, as readers of the events are told of it. */
export function failureNews({ message, details }: HubError): News {
  const found: unknown = details['diagnostics'];
  const diagnostics = Array.isArray(found) ? found.filter((one): one is object => typeof one === 'object' && one !== null) : [];
  return { name: 'subscription_event', data: { type: 'config_changed', error: message, diagnostics, isSignificant: false } };
}

function changesOf({ added, removed, modified, unchanged }: ConfigDiff, { changed }: ConfigChanges): Changes {
  const details = Object.fromEntries(modified.map((id) => [id, { modifiedFields: changed[id] ?? [] }]));
  return { added, removed, modified, unchanged, details };
}

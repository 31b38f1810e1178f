import { type Clock, type Logger, messageOf } from '../base/index.ts';
import type { Burst } from './dev-burst.ts';
import type { Changes, Publish } from './news.ts';

/** So many restarts within {@link OFTEN_WITHIN_MS} look like a server that changes its own files. */
const OFTEN = 10;
const OFTEN_WITHIN_MS = 60_000;

export interface RestartsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publish: Publish;
  /** False for a server that is disabled or was stopped; file changes do not start it. */
  readonly isWanted: (id: string) => boolean;
  /** Stops the server and starts it anew; resolves when that attempt has ended either way. */
  readonly restart: (id: string) => Promise<void>;
  /** What the server offers now, as full objects: `{tools, resources, resourceTemplates, prompts}`. */
  readonly capabilities: (id: string) => object;
}

/** The restarts of one server after changes of its files, with what is told of them. */
export class Restarts {
  readonly #options: RestartsOptions;
  readonly #id: string;
  readonly #names: () => readonly string[];
  /** When the last ones were. */
  #timesMs: readonly number[] = [];

  constructor(options: RestartsOptions, id: string, names: () => readonly string[]) {
    this.#options = options;
    this.#id = id;
    this.#names = names;
  }

  async run(burst: Burst): Promise<void> {
    const { isWanted, logger, restart } = this.#options;
    const id = this.#id;
    if (!isWanted(id)) {
      logger.debug(`Server "${id}" is stopped; a change of its files does not start it.`, { server: id, files: burst.files });
      return;
    }
    logger.info(`Server "${id}" restarts: ${inWords(burst)} changed.`, { server: id, files: burst.files });
    this.#warnOfLoop(burst);
    this.#tell('servers_updating', burst);
    try {
      await restart(id);
    } catch (error) {
      logger.warn(`Server "${id}" could not be restarted after a change of its files: ${messageOf(error)}`, { server: id });
    }
    // Also when nobody watches any more: whoever heard of the beginning waits for the end.
    this.#tell('servers_updated', burst);
  }

  #tell(type: 'servers_updating' | 'servers_updated', { files }: Burst): void {
    const { capabilities, publish } = this.#options;
    const id = this.#id;
    const why = {
      reason: 'dev_file_change' as const,
      files,
      ...(type === 'servers_updated' && { newCapabilities: capabilities(id) }),
    };
    const unchanged = this.#names().filter((name) => name !== id);
    const changes: Changes = { added: [], removed: [], modified: [id], unchanged, ...why };
    // Readers of old look for the reason beside the changes.
    publish({ name: 'subscription_event', data: { type, changes, ...why } });
  }

  #warnOfLoop(burst: Burst): void {
    const { clock, logger } = this.#options;
    const nowMs = clock.now();
    this.#timesMs = [...this.#timesMs.filter((timeMs) => nowMs - timeMs < OFTEN_WITHIN_MS), nowMs];
    if (this.#timesMs.length < OFTEN) return;
    this.#timesMs = [];
    const example = JSON.stringify(`!${burst.files[0] ?? 'data/**'}`);
    const advice = `If the server writes the files itself, take them out of dev.watch: ${example}`;
    logger.warn(`Server "${this.#id}" has restarted ${OFTEN} times within a minute because ${inWords(burst)} changed. ${advice}`, {
      server: this.#id,
    });
  }
}

function inWords({ files, more }: Burst): string {
  const shown = files.slice(0, 3);
  const rest = files.length - shown.length + more;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

import { resolve } from 'node:path';
import { messageOf } from '../base/index.ts';
import { DEFAULT_DEV_WATCH, Placeholders, readHubEnvironment, type ServerDefinition, type StdioDefinition } from '../config/index.ts';
import { Bursts } from './dev-burst.ts';
import { Restarts, type RestartsOptions } from './dev-restarts.ts';

/** Limit for a `${cmd: …}` in `dev.cwd`, in milliseconds. */
const COMMAND_TIMEOUT_MS = 30_000;

export interface DevModeOptions extends RestartsOptions {
  /** The environment of the hub and the workspace folder: what placeholders in `dev.cwd` stand for. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

type DevServer = StdioDefinition & { readonly dev: NonNullable<StdioDefinition['dev']> };

interface Followed {
  /** Differs when another folder or other files are to be watched. */
  readonly key: string;
  stop(): Promise<void>;
}

/**
 * Dev mode (`dev` in a server's entry, docs/dev-mode.md): restarts a server when files of its own change. Clients keep their
 * sessions, other servers do not notice. What goes wrong with watching is told, and never harms a server.
 */
export class DevMode {
  readonly #options: DevModeOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #ending = new Set<Promise<void>>();
  #names: readonly string[] = [];
  #closed = false;

  constructor(options: DevModeOptions) {
    this.#options = options;
  }

  /** Watches for these servers from now on and for no others; what has not changed goes on without a gap. */
  follow(definitions: readonly ServerDefinition[]): void {
    if (this.#closed) return;
    this.#names = definitions.map(({ id }) => id);
    const wanted = new Map(definitions.filter(isInDevMode).map((definition) => [definition.id, definition]));
    for (const [id, { key }] of this.#followed) {
      const definition = wanted.get(id);
      if (!definition || keyOf(definition) !== key) this.#drop(id);
    }
    for (const [id, definition] of wanted) {
      if (!this.#followed.has(id)) this.#followed.set(id, this.#watch(definition));
    }
  }

  /** Resolves when nothing is watched any more. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const id of this.#followed.keys()) this.#drop(id);
    await Promise.all(this.#ending);
  }

  #drop(id: string): void {
    const ending = this.#followed.get(id)?.stop();
    this.#followed.delete(id);
    if (!ending) return;
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  #watch(definition: DevServer): Followed {
    const { clock, logger } = this.#options;
    const { id, dev } = definition;
    const stopped = new AbortController();
    const restarts = new Restarts(this.#options, id, () => this.#names);
    const bursts = new Bursts({ clock, act: (burst) => restarts.run(burst) });
    const opened = this.#folderOf(definition, stopped.signal)
      .then(async (folder) => {
        // Only who has a server in dev mode pays for loading what watches files.
        const [{ DevWatch }, { chooseFiles }] = await Promise.all([import('./dev-watch.ts'), import('./dev-files.ts')]);
        const watch = new DevWatch({
          folder,
          choice: chooseFiles(folder, dev.watch, DEFAULT_DEV_WATCH),
          clock,
          onFile: (path) => bursts.add(path),
          onReady: () => logger.info(`Server "${id}" is in dev mode: it restarts when its files change.`, { server: id, watch: dev.watch }),
          onProblem: (text) => logger.warn(`Server "${id}": dev.cwd (${dev.cwd}) ${text}.`, { server: id }),
        });
        if (!stopped.signal.aborted) watch.start();
        return watch;
      })
      .catch((error: unknown) => {
        if (!stopped.signal.aborted) logger.warn(`Server "${id}" is not in dev mode: ${messageOf(error)}`, { server: id });
        return undefined;
      });
    return {
      key: keyOf(definition),
      async stop() {
        stopped.abort();
        bursts.dispose();
        await (await opened)?.close();
      },
    };
  }

  /** @throws HubError PLACEHOLDER_ERROR, CONFIG_ERROR; the signal's reason */
  async #folderOf({ id, dev, env: serverEnv }: DevServer, signal: AbortSignal): Promise<string> {
    const { env, cwd } = this.#options;
    const hubEnv = readHubEnvironment(env);
    const placeholders = new Placeholders({ serverId: id, env, hubEnv, cwd, signal, commandTimeoutMs: COMMAND_TIMEOUT_MS }, serverEnv);
    return resolve(cwd, await placeholders.text(dev.cwd, 'dev.cwd'));
  }
}

function isInDevMode(definition: ServerDefinition): definition is DevServer {
  return definition.kind === 'stdio' && !definition.disabled && definition.dev?.enabled === true;
}

function keyOf({ dev, env }: DevServer): string {
  return JSON.stringify([dev, env]);
}

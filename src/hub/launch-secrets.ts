import { HUB_OWNER, type Logger } from '../base/index.ts';
import type { Launch, LaunchContext } from '../upstream/index.ts';
import type { HubOptions } from './types.ts';

/** What all servers know of secrets as they were last started: for texts of which nobody knows whose they are. */
export class LaunchSecrets {
  readonly #redactors = new Map<string, (text: string) => string>();
  readonly #told = new Set<string>();

  /** @param principal whose login the launch has; the owner's when absent */
  keep(server: string, launch: Launch, principal: string = HUB_OWNER): Launch {
    this.#redactors.set(JSON.stringify([principal, server]), (text) => launch.redact(text));
    return launch;
  }

  /** That principal is gone, with its tokens. */
  forget(principal: string): void {
    const start = `[${JSON.stringify(principal)},`;
    for (const key of this.#redactors.keys()) if (key.startsWith(start)) this.#redactors.delete(key);
  }

  /** The text with every secret in it replaced. */
  redact(text: string): string {
    let shown = text;
    for (const redact of this.#redactors.values()) shown = redact(shown);
    return shown;
  }

  /** Where placeholders of a server find what they stand for. What is to be warned of is said once, not at every start. */
  context({ env, cwd, paths }: HubOptions, server: string, logger: Logger): Pick<LaunchContext, 'env' | 'cwd' | 'dataDir' | 'onWarning'> {
    const onWarning = ({ message }: { readonly message: string }): void => {
      const text = `Server "${server}": ${message}`;
      if (!this.#told.has(text)) logger.warn(text, { server });
      this.#told.add(text);
    };
    return { env, cwd, dataDir: paths.dataDir, onWarning };
  }
}

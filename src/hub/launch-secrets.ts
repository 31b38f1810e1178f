import type { Logger } from '../base/index.ts';
import type { Launch, LaunchContext } from '../upstream/index.ts';
import type { HubOptions } from './types.ts';

/** The secrets of all servers as they were last started: for texts of which nobody knows whose they are. */
export class LaunchSecrets {
  readonly #redactors = new Map<string, (text: string) => string>();

  keep(server: string, launch: Launch): Launch {
    this.#redactors.set(server, (text) => launch.redact(text));
    return launch;
  }

  /** The text with every secret in it replaced. */
  redact(text: string): string {
    let shown = text;
    for (const redact of this.#redactors.values()) shown = redact(shown);
    return shown;
  }
}

/** Where placeholders of a server find what they stand for. */
export function launchContext(
  { env, cwd, paths }: HubOptions,
  server: string,
  logger: Logger,
): Pick<LaunchContext, 'env' | 'cwd' | 'dataDir' | 'onWarning'> {
  const onWarning = ({ message }: { readonly message: string }): void => logger.warn(`Server "${server}": ${message}`, { server });
  return { env, cwd, dataDir: paths.dataDir, onWarning };
}

import type { HubError, Logger } from '../base/index.ts';
import type { Upstream, UpstreamState } from '../upstream/index.ts';
import { errorOf, statusOf } from './server-status.ts';
import type { ServerReport } from './types.ts';

export interface ServerLogOptions {
  readonly logger: Logger;
  /** For failures: the log alone, since readers of the events are told of them in their own words (`FailureNews`). */
  readonly failures: Logger;
}

/**
 * Writes down how the servers fare. A failure is a warning the first time, and again when it is another one, after the server was
 * there, and when somebody has started it anew; the attempts between are details, or a server that stays down would fill the log.
 */
export class ServerLog {
  readonly #options: ServerLogOptions;
  /** The failure that was last told of each, until something comes of it. */
  readonly #told = new WeakMap<Upstream, string>();

  constructor(options: ServerLogOptions) {
    this.#options = options;
  }

  tell(upstream: Upstream, { name, state, counts }: ServerReport): void {
    const { logger, failures } = this.#options;
    const error = errorOf(state);
    const facts = { server: name, status: statusOf(state), ...(error !== null && { error }) };
    const failure = failureIn(state);
    if (!failure) {
      if (state.kind === 'ready') logger.info(`Server "${name}" is ready`, { ...facts, ...counts, tookMs: state.tookMs });
      else logger.debug(`Server "${name}" ${words(state)}`, facts);
      if (isNewBeginning(state)) this.#told.delete(upstream);
      return;
    }
    const news = sameWords(failure.message);
    const isNews = this.#told.get(upstream) !== news;
    this.#told.set(upstream, news);
    const message = `Server "${name}" ${words(state)}: ${failure.message}`;
    if (isNews) failures.warn(message, { ...facts, code: failure.code });
    else logger.debug(message, { ...facts, code: failure.code });
  }
}

/** A failure after this is news even in the same words: the server was there, was stopped, or is started as if it had never failed. */
function isNewBeginning(state: UpstreamState): boolean {
  if (state.kind === 'starting') return state.attempt === 1 && state.last === undefined;
  return state.kind === 'ready' || state.kind === 'stopped' || state.kind === 'disabled';
}

function failureIn(state: UpstreamState): HubError | undefined {
  if (state.kind === 'backoff') return state.last;
  return state.kind === 'failed' || state.kind === 'auth-required' ? state.error : undefined;
}

/** Behind the hub's own line stands what the server printed, with times and process ids that are others at every attempt. */
function sameWords(message: string): string {
  const [first = '', ...output] = message.split('\n');
  return [first, ...output.map((line) => line.replace(/\d+/g, '0'))].join('\n');
}

function words(state: UpstreamState): string {
  switch (state.kind) {
    case 'ready':
      return 'is ready';
    case 'starting':
      return 'is starting';
    case 'stopping':
      return 'is being stopped';
    case 'disabled':
      return 'is disabled';
    case 'stopped':
      if (state.reason === 'manual') return 'waits for somebody to start it';
      return state.reason === undefined ? 'is stopped' : 'is asleep until it is called';
    case 'backoff':
      return 'is not running, and is tried again';
    case 'failed':
      return 'cannot be started as it is configured';
    case 'auth-required':
      return 'needs a login';
  }
}

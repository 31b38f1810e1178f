import { HubError } from '../base/index.ts';
import type { UpstreamState } from './types.ts';

/** What a caller is told of an upstream that cannot take its request: what is the matter, why, and what to do. */
export function notReady(id: string, state: UpstreamState, nowMs: number): HubError {
  // It was not even sent.
  const details = {
    server: id,
    state: state.kind,
    ran: false,
    ...(state.kind === 'backoff' && { retryInMs: Math.max(0, state.untilMs - nowMs) }),
  };
  return new HubError('SERVER_NOT_CONNECTED', words(id, state, nowMs), { details });
}

/** The lists of an upstream were asked for anew and did not come. */
export function listsTimeout(server: string, timeoutMs: number): HubError {
  const message = `Server "${server}" did not answer with its lists within ${timeoutMs / 1000} s. They stay as they were.`;
  return new HubError('TIMEOUT', message, { details: { server, timeoutMs } });
}

function words(id: string, state: UpstreamState, nowMs: number): string {
  switch (state.kind) {
    case 'disabled':
      return `Server "${id}" is disabled. Remove "disabled" from its entry in the config file to use it.`;
    case 'stopped':
      if (state.reason === 'manual') return `Server "${id}" is started by hand only ("start": "manual" in its entry). Start it first.`;
      if (state.reason !== undefined) return `Server "${id}" is asleep. Its next call wakes it.`;
      return `Server "${id}" is stopped. Start it first.`;
    case 'stopping':
      return `Server "${id}" is being stopped.`;
    case 'ready':
      return `Server "${id}" is ready.`;
    case 'starting':
      return `Server "${id}" is still starting, for ${seconds(nowMs - state.sinceMs)} now. Try again in a moment.${before(state.last)}`;
    case 'auth-required':
      return `Server "${id}" needs a login. ${state.error.message}`;
    case 'failed':
      return `Server "${id}" cannot be started until its configuration is corrected. ${state.error.message}`;
    case 'backoff': {
      const tries = state.attempt === 1 ? '' : ` It failed ${state.attempt} times in a row.`;
      return (
        `Server "${id}" is not running; the hub starts it again in ${seconds(state.untilMs - nowMs)}.${tries} ` +
        `Try again after that, or mend the cause: ${state.last.message}`
      );
    }
  }
}

function before(last: HubError | undefined): string {
  return last ? ` The attempt before it failed: ${last.message}` : '';
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.round(ms / 1000))} s`;
}

import { HubError } from '../base/index.ts';
import { formatDiagnostic, type ServerDefinition } from '../config/index.ts';
import type { StartableDefinition } from './incarnation.ts';

/** The definition, if it is one that a server may be started from. */
export function startable(definition: ServerDefinition): StartableDefinition | undefined {
  return definition.disabled || definition.kind === 'invalid' ? undefined : definition;
}

/** Why a server cannot be started from a broken entry. */
export function invalidDefinition({ id, errors }: ServerDefinition): HubError {
  const text = errors.map(formatDiagnostic).join(' ');
  return new HubError('CONFIG_ERROR', `The entry of server "${id}" cannot be used: ${text || 'see the config file.'}`, {
    details: { server: id, diagnostics: errors },
  });
}

/** Why a server is stopped. */
export type StopReason = 'stopped' | 'restarted' | 'removed' | 'disabled' | 'idle';

const WORDS: Readonly<Record<StopReason, string>> = {
  stopped: 'was stopped.',
  restarted: 'is being restarted.',
  removed: 'was removed from the config.',
  disabled: 'was disabled in the config.',
  idle: 'was put to sleep, because nobody used it for its "idleTimeout". Try again: that wakes it.',
};

/** What those are told whose calls end because a server is stopped. */
export function stoppedError(server: string, reason: StopReason): HubError {
  return new HubError('SERVER_NOT_CONNECTED', `Server "${server}" ${WORDS[reason]}`, { details: { server } });
}

import { HubError } from '../base/index.ts';
import { capabilitiesWith, type ClientAbility, rpcCode } from '../protocol/index.ts';
import { hubError, hubFailure } from './answer.ts';
import type { Answer } from './call.ts';

/**
 * A `requestState` that is not good for this request. One answer for whatever is wrong with it, so that nothing can be
 * learnt from trying (spec 2026-07-28 basic/patterns/mrtr, "Server Requirements" 4).
 */
export function stateRefused(): Answer {
  return invalid(
    'This requestState is not valid for this request: it was changed, was used already, belongs to another request, ' +
      'or the hub has been restarted since. Call again without requestState and inputResponses.',
    'params.requestState',
  );
}

/** A genuine `requestState` that came too late. */
export function stateExpired(): Answer {
  return invalid(
    'This requestState has expired: the answers took longer than 10 minutes. Call again without requestState and inputResponses.',
    'params.requestState',
  );
}

/** A retry whose answers cannot be used. It may be sent again with the same `requestState`. */
export function answersRefused(problem: string): Answer {
  return invalid(`${problem} Send the request again with the same requestState.`, 'params.inputResponses');
}

/** The client did not declare what the call needs (spec 2026-07-28 basic/index, "_meta": an error, HTTP status 400). */
export function clientLacks(server: string, abilities: ReadonlySet<ClientAbility>): Answer {
  const names = [...abilities].map((ability) => `"${ability}"`).join(', ');
  return hubError({
    code: rpcCode.missingClientCapability,
    message: `Server "${server}" needs its client to have ${names} for this request, which the client did not declare.`,
    data: { requiredCapabilities: capabilitiesWith(abilities) },
  });
}

function invalid(message: string, field: string): Answer {
  return hubFailure(new HubError('VALIDATION_ERROR', message, { details: { field } }));
}

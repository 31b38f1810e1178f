import { HubError } from '../base/index.ts';
import { hasAbility, isObject, type JsonObject, type JsonValue } from '../protocol/index.ts';
import { failureAnswer, hubResult } from './answer.ts';
import type { Answer, Call } from './call.ts';
import { MAX_QUESTIONS } from './input-rounds.ts';
import { clientLacks } from './state-refusals.ts';

/** 2025-11-25 only: the call can be made once somebody has visited the URLs in `data.elicitations` (client/elicitation, "URL Elicitation Required"). */
const URL_ELICITATION_REQUIRED = -32042;

/**
 * What a modern client is told in place of the code -32042, which its revision forbids: `input_required` with the visits. There
 * is nothing to go on with afterwards, so the state only says that the call is to be made anew. `undefined` for every
 * other answer.
 *
 * @param seal makes that state
 */
export function withUrlsToVisit(server: string, call: Call, { era, outcome }: Answer, seal: (call: Call) => string): Answer | undefined {
  if (era !== 'legacy' || outcome.error?.code !== URL_ELICITATION_REQUIRED) return undefined;
  const visits = visitsIn(outcome.error.data);
  if (visits.length === 0 || visits.length > MAX_QUESTIONS) return undefined;
  if (!hasAbility(call.downstream.clientCapabilities ?? {}, 'elicitation.url'))
    return clientLacks(server, new Set(['elicitation.url'] as const));
  const inputRequests = Object.fromEntries(
    visits.map((params, index) => [`elicitation-${index + 1}`, { method: 'elicitation/create', params }]),
  );
  return hubResult({ resultType: 'input_required', inputRequests, requestState: seal(call) });
}

function visitsIn(data: JsonValue | undefined): readonly JsonObject[] {
  const elicitations = isObject(data) ? data['elicitations'] : undefined;
  if (!Array.isArray(elicitations)) return [];
  return elicitations.flatMap((visit: JsonValue) => {
    if (!isObject(visit) || typeof visit['url'] !== 'string') return [];
    const { elicitationId: _elicitationId, ...rest } = visit;
    return [{ ...rest, mode: 'url' }];
  });
}

/** The answer to a retry that says that somebody did not want to visit a URL: asking again would not help. */
export function visitDeclined(server: string, { method, params }: Call): Answer | undefined {
  const responses = params?.['inputResponses'];
  if (!isObject(responses)) return undefined;
  const declined = Object.values(responses).some(
    (answer) => isObject(answer) && (answer['action'] === 'decline' || answer['action'] === 'cancel'),
  );
  if (!declined) return undefined;
  const message = `Server "${server}" needs a URL to be visited before this call, and the visit was declined.`;
  return failureAnswer(method, new HubError('INPUT_NOT_GIVEN', message, { details: { server } }));
}

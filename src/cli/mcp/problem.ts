import { type ErrorCode, HubError } from '../../base/index.ts';
import { isErrorCode } from '../api-request.ts';
import { isObject, type JsonObject, listOf, memberOf, numberOf, textOf } from '../json.ts';

/** How the hub marks what it says in the place of a server, in `_meta` of a tool's result. */
const HUB_ERROR_KEY = 'mcp-hub/error';

const INVALID_PARAMS = -32602;
const LEGACY_RESOURCE_NOT_FOUND = -32002;
const MISSING_CAPABILITY = -32021;

const FAILED: Readonly<Record<string, { readonly code: ErrorCode; readonly what: string }>> = {
  'tools/call': { code: 'TOOL_ERROR', what: 'tool' },
  'prompts/get': { code: 'PROMPT_ERROR', what: 'prompt' },
  'resources/read': { code: 'RESOURCE_ERROR', what: 'resource' },
};

/**
 * What went wrong with a request, with the codes that the management API has for it; `undefined` when nothing did. A tool that
 * says of itself that it failed has answered.
 */
export function problemOf(method: string, params: JsonObject | undefined, message: unknown): HubError | undefined {
  const result = memberOf(message, 'result');
  const said = memberOf(memberOf(result, '_meta'), HUB_ERROR_KEY);
  if (memberOf(result, 'isError') === true && isObject(said)) {
    const text = listOf(result, 'content').map((block) => textOf(block, 'text'));
    return ofHub(text.join('\n'), said);
  }
  const error = memberOf(message, 'error');
  if (error === undefined) return undefined;
  const text = textOf(error, 'message') || 'It was refused without a reason.';
  const data = memberOf(error, 'data');
  return isErrorCode(textOf(data, 'code')) && isObject(data) ? ofHub(text, data) : ofServer(method, params, error, text);
}

function ofHub(message: string, { code, ...details }: JsonObject): HubError {
  return new HubError(typeof code === 'string' && isErrorCode(code) ? code : 'UNHANDLED_ERROR', message, { details });
}

function ofServer(method: string, params: JsonObject | undefined, error: unknown, said: string): HubError {
  const code = numberOf(error, 'code');
  const { code: failed, what } = FAILED[method] ?? { code: 'CONNECTION_ERROR' as const, what: 'request' };
  const name = textOf(params, what === 'resource' ? 'uri' : 'name') || method;
  const details = { [what === 'resource' ? 'uri' : what]: name, rpc: error };
  if (code === MISSING_CAPABILITY) {
    const wanted = memberOf(memberOf(error, 'data'), 'requiredCapabilities');
    const which = isObject(wanted) ? ` (${Object.keys(wanted).join(', ')})` : '';
    return new HubError('INPUT_NOT_GIVEN', `The ${what} "${name}" needs a client that can do more than the command line${which}: ${said}`, {
      details,
    });
  }
  if (what === 'resource' && (code === INVALID_PARAMS || code === LEGACY_RESOURCE_NOT_FOUND))
    return new HubError('RESOURCE_NOT_FOUND', `There is no resource "${name}": ${said}`, { details });
  if (code === INVALID_PARAMS) return new HubError('VALIDATION_ERROR', `The ${what} "${name}" refuses the arguments: ${said}`, { details });
  return new HubError(failed, `The ${what} "${name}" was answered with an error: ${said}`, { details });
}

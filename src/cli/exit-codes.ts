import { type ErrorCode, isHubError } from '../base/index.ts';

/** What each exit code means, for people and for docs/cli.md. Signals give 128 and their number, as in shells. */
export const exitCodeMeanings = {
  0: 'All is well.',
  1: 'The command line or a config file is wrong; nothing was done.',
  2: 'The port is taken.',
  3: 'Anything else: no hub runs, a server or a tool does not exist, a request failed.',
  4: 'The tool was called, and answered that it failed (`isError`).',
  130: 'It was given up: by Ctrl-C, also at a question, or because the call was cancelled.',
} as const;

export type ExitCode = keyof typeof exitCodeMeanings;

/** Of a call whose tool answers that it failed: the call itself is well. */
export const TOOL_ERROR: ExitCode = 4;

const exitCodes = {
  CONFIG_ERROR: 1,
  PLACEHOLDER_ERROR: 1,
  VALIDATION_ERROR: 3,
  PARSE_ERROR: 3,
  INVALID_REQUEST: 3,
  METHOD_NOT_FOUND: 3,
  SERVER_NOT_FOUND: 3,
  TOOL_NOT_FOUND: 3,
  PROMPT_NOT_FOUND: 3,
  RESOURCE_NOT_FOUND: 3,
  ALREADY_EXISTS: 3,
  CONFLICT: 3,
  PRECONDITION_FAILED: 3,
  METHOD_NOT_ALLOWED: 3,
  UNSUPPORTED_MEDIA_TYPE: 3,
  REQUEST_TIMEOUT: 3,
  BODY_TOO_LARGE: 3,
  UNAUTHENTICATED: 3,
  FORBIDDEN: 3,
  SERVER_NOT_CONNECTED: 3,
  CONNECTION_ERROR: 3,
  UPSTREAM_EXITED: 3,
  UPSTREAM_PROTOCOL: 3,
  TOOL_ERROR: 3,
  PROMPT_ERROR: 3,
  RESOURCE_ERROR: 3,
  UNAUTHORIZED: 3,
  TIMEOUT: 3,
  CANCELLED: 130,
  INPUT_NOT_GIVEN: 3,
  LIMIT_EXCEEDED: 3,
  MARKETPLACE_ERROR: 3,
  HUB_NOT_FOUND: 3,
  PORT_IN_USE: 2,
  USAGE: 1,
  // The person asked for the stop while the hub was still starting.
  SHUTTING_DOWN: 0,
  UNHANDLED_ERROR: 3,
} as const satisfies Record<ErrorCode, ExitCode>;

/** The exit code that tells a script what kind of failure `error` is. */
export function exitCodeOf(error: unknown): ExitCode {
  return isHubError(error) ? exitCodes[error.code] : 3;
}

import { type ErrorCode, errorTable, type HubError } from '../base/index.ts';

/** The shape of every error on `/api` (docs/rest-api.md). */
export interface Problem {
  readonly error: string;
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly timestamp: string;
}

/** A HubError as a REST answer. The table of errors gives every code its status, so a new one cannot be forgotten. */
export function problemOf(error: HubError, nowMs: number): { readonly status: number; readonly body: Problem } {
  return {
    status: errorTable[error.code].httpStatus,
    body: { error: error.message, code: error.code, data: error.details, timestamp: new Date(nowMs).toISOString() },
  };
}

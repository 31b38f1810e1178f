import type { IncomingMessage } from 'node:http';

/** What a client can read, from its `Accept` header. */
export interface Accept {
  readonly json: boolean;
  readonly sse: boolean;
}

/**
 * The specification asks clients to list both types; one that lists only one, or sends no header at all, is served
 * with what it can read. An event stream goes only to who names it.
 */
export function acceptOf({ headers }: IncomingMessage): Accept {
  const value = headers.accept;
  if (value === undefined || value.trim() === '') return { json: true, sse: false };
  const types = value.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  return {
    json: types.some((type) => type === 'application/json' || type === 'application/*' || type === '*/*'),
    sse: types.some((type) => type === 'text/event-stream' || type === 'text/*'),
  };
}

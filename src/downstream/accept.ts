import type { IncomingMessage } from 'node:http';

/** What a client can read, from its `Accept` header. */
export interface Accept {
  readonly json: boolean;
  readonly sse: boolean;
}

/** What headers said, by their text: clients send the same one with every request. */
const known = new Map<string, Accept>();
const MAX_KNOWN = 100;
/** A longer header is read anew each time, in characters. */
const MAX_LENGTH = 300;

/**
 * The specification asks clients to list both types; one that lists only one, or sends no header at all, is served
 * with what it can read. An event stream goes only to who names it.
 */
export function acceptOf({ headers }: IncomingMessage): Accept {
  const { accept: text = '' } = headers;
  const before = known.get(text);
  if (before) return before;
  const accept = readAccept(text);
  if (text.length > MAX_LENGTH) return accept;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, accept);
  return accept;
}

function readAccept(text: string): Accept {
  if (text.trim() === '') return { json: true, sse: false };
  const types = text.split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase());
  return {
    json: types.some((type) => type === 'application/json' || type === 'application/*' || type === '*/*'),
    sse: types.some((type) => type === 'text/event-stream' || type === 'text/*'),
  };
}

import type { IncomingHttpHeaders } from 'node:http';

export const EVENT_STREAM = 'text/event-stream';
export const JSON_TYPE = 'application/json';

/** The content type without its parameters, in lower case; empty when there is none. */
export function contentTypeOf(headers: IncomingHttpHeaders): string {
  const value = headers['content-type'] ?? '';
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

import { isHeaderName, isHeaderValue } from '../header-rules.ts';
import type { OutgoingRequest } from '../outgoing.ts';
import type { FieldNames } from './field-names.ts';

/** Fields that say where a message ends or what becomes of its connection: whoever sends it writes them. */
const FRAMING = /^(?:content-length|transfer-encoding|keep-alive|upgrade|expect|te|trailer)$/;

/** What becomes of a field: the hub's own takes its place, it takes the place of the hub's own, or it goes along. */
export type FieldKind = 'own' | 'host' | 'free';

/** Request line and header section of a request with its empty line (RFC 9112, section 3), in Latin-1. @throws Error for what HTTP does not allow */
export function requestHead(
  host: string,
  { method, path, headers, body }: OutgoingRequest,
  length: number,
  names: FieldNames<FieldKind>,
): string {
  if (!path.startsWith('/') || /[^\x21-\x7e]/.test(path))
    throw new Error('The path of the request holds a character that HTTP does not allow.');
  let fields = '';
  let hostField = `host: ${host}\r\n`;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    if (!isHeaderValue(value)) throw new Error(`The header "${name}" has a value that HTTP does not allow.`);
    const kind = names.of(name);
    if (kind === 'own') continue;
    if (kind === 'host') hostField = '';
    fields += `${name}: ${value}\r\n`;
  }
  const framing = body === undefined && method !== 'POST' ? '' : `content-length: ${length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${hostField}connection: keep-alive\r\n${fields}${framing}\r\n`;
}

/** What judges names of fields in requests. */
export function requestField(written: string): FieldKind {
  const name = written.toLowerCase();
  if (!isHeaderName(written)) throw new Error(`"${written}" is no name that HTTP allows for a header.`);
  if (FRAMING.test(name)) throw new Error(`The header "${written}" cannot be set: it belongs to the connection.`);
  return name === 'connection' ? 'own' : name === 'host' ? 'host' : 'free';
}

import { headerKind, type HeaderKind, isHeaderName, isHeaderValue } from '../base/index.ts';
import type { Entry } from './server-entry.ts';
import { keyPath } from './source.ts';
import { text, type Type } from './types.ts';

/** Why a header is never handed on. */
const NEVER: Readonly<Record<Exclude<HeaderKind, 'free'>, readonly [message: string, hint: string]>> = {
  connection: ['is never handed on: it is about the connection between the client and the hub', 'Remove it'],
  message: ['is never handed on: the hub makes it anew for every message', 'Remove it'],
  credentials: [
    'is never handed on: it is what the client shows to the hub, and would be good for the server to call the hub with',
    'Put the credentials of the server itself into "headers", or log in at it',
  ],
  browser: ['is never handed on: it says which web page called the hub', 'Remove it'],
};

/** The name of a header of clients, or the beginning of several: `X-Foo-*`. Read in lower case. */
export const headerPattern: Type<string> = {
  words: 'the name of a header',
  schema: { type: 'string', minLength: 1 },
  read(node, path, report) {
    const value = text.read(node, path, report)?.trim().toLowerCase();
    if (value === undefined) return undefined;
    const fault = (message: string, hint: string): undefined => {
      report({ severity: 'error', at: node.at, keyPath: path, message, hint });
      return undefined;
    };
    const name = value.replace(/-\*$/, '-');
    if (!isHeaderName(name) || name.includes('*') || name === '-') {
      return fault('Is not the name of a header', 'Write a name, as "X-Request-Id", or a beginning, as "X-Foo-*"');
    }
    const kind = headerKind(name);
    if (kind === 'free') return value;
    const [message, hint] = NEVER[kind];
    return fault(`"${value}" ${message}`, hint);
  },
};

/** Whether a header in `headers` is left out, because the hub makes it for each connection or message and another value breaks it. */
export function isSentByHub(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    headerKind(lower) === 'connection' ||
    /^(?:host|content-.*|mcp-(?:session-id|protocol-version|method|name|param-.*)|last-event-id)$/.test(lower)
  );
}

/** What is wrong with the names and literal values in `headers`; what holds a placeholder is checked at launch. */
export function checkHeaders({ values: { headers = {} }, node, path, report }: Entry): void {
  const at = node.members.findLast(({ key }) => key === 'headers')?.value;
  for (const [name, value] of Object.entries(headers)) {
    const place = at?.kind === 'object' ? at.members.findLast(({ key }) => key === name)?.keyAt : undefined;
    const tell = (severity: 'error' | 'warning', message: string, hint: string): void =>
      report({ severity, at: place ?? node.at, keyPath: keyPath(keyPath(path, 'headers'), name), message, hint });
    if (!isHeaderName(name))
      tell('error', 'Is not a name that a header can have', 'Letters, digits and hyphens, without a colon or spaces');
    else if (isSentByHub(name)) tell('warning', 'Is ignored: the hub sets it for each message or connection', 'Remove it');
    if (!value.includes('$') && !isHeaderValue(value)) {
      tell('error', 'Holds a line break or another character that no header can hold', 'Write the value on one line');
    }
  }
}

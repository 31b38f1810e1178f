import { get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Secret } from '../base/index.ts';
import { keyHeaders } from './hub-key.ts';

/** How long a hub that runs may take to answer, in milliseconds: it may be busy starting its servers. */
const ANSWER_WITHIN_MS = 10_000;
/** Most of a refusal that is read, in characters. */
const MAX_REFUSAL = 64 * 1024;

export type HubStream =
  | { readonly kind: 'open'; readonly socket: Socket; readonly head: Buffer }
  /** Nobody answers on the port, or somebody else does. */
  | { readonly kind: 'absent'; readonly reason: string; readonly isSilent?: boolean }
  /** The hub does not serve this client, and says why. `code` is the hub's own. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

export interface HubStreamOptions {
  /** 0 for a hub that has a socket alone. */
  readonly port: number;
  readonly socket?: string | undefined;
  /** Sent along; a hub that asks for no key needs none. */
  readonly key?: Secret | undefined;
  /** The process that has to answer. */
  readonly pid: number;
  /** `/mcp` or `/mcp/<server>` */
  readonly path: string;
}

/** Asks the hub of process `pid` on `port` for a stream of lines (docs/clients.md). Never rejects. */
export async function openHubStream(options: HubStreamOptions): Promise<HubStream> {
  const { port, socket } = options;
  if (port === 0 && socket !== undefined) return openAt({ socketPath: socket }, options);
  const first = await openAt({ host: '127.0.0.1', port }, options);
  // One that takes the connection and is silent would be so at its other address too.
  return first.kind === 'absent' && !first.isSilent ? openAt({ host: '::1', port }, options) : first;
}

type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number };

function openAt(target: Target, { key, pid, path }: HubStreamOptions): Promise<HubStream> {
  return new Promise((resolve) => {
    const headers = { connection: 'Upgrade', upgrade: 'mcp-stdio', ...keyHeaders(key) };
    const request = get({ ...target, path, headers, agent: false });
    const absent = (reason: string): void => resolve({ kind: 'absent', reason });
    const late = setTimeout(() => {
      resolve({ kind: 'absent', reason: `it does not answer within ${ANSWER_WITHIN_MS / 1000} seconds`, isSilent: true });
      request.destroy();
    }, ANSWER_WITHIN_MS);
    request.on('close', () => clearTimeout(late));
    request.on('upgrade', (response, socket, head) => {
      clearTimeout(late);
      if (response.headers['mcp-hub-pid'] === String(pid)) return resolve({ kind: 'open', socket, head });
      socket.destroy();
      absent('another hub has its port');
    });
    request.on('response', (response) => void readRefusal(response).then(resolve));
    request.on('error', (error) => absent(error.message));
  });
}

async function readRefusal(response: IncomingMessage): Promise<HubStream> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += String(chunk);
      if (text.length > MAX_REFUSAL) break;
    }
    const body: unknown = JSON.parse(text);
    if (isRefusal(body) && body.error.data.code !== 'SHUTTING_DOWN') {
      return { kind: 'refused', code: body.error.data.code, message: body.error.message };
    }
  } catch {
    // Expected: not JSON, so not a hub that knows what it was asked for, or cut off.
  }
  return { kind: 'absent', reason: `it answers ${response.statusCode} to a client on standard input` };
}

interface Refusal {
  readonly error: { readonly message: string; readonly data: { readonly code: string } };
}

function isRefusal(body: unknown): body is Refusal {
  const error = memberOf(body, 'error');
  return typeof memberOf(error, 'message') === 'string' && typeof memberOf(memberOf(error, 'data'), 'code') === 'string';
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

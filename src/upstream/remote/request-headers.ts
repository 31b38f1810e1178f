import { ACCEPTED_CODINGS } from '../../base/index.ts';
import { encodeHeaderValue, isObject, type JsonObject, type Message, metaKey, metaOf } from '../../protocol/index.ts';
import type { HttpTarget } from './http-target.ts';

/** What the transport says of a request itself; a caller's headers have no say in it. */
const OWN: ReadonlySet<string> = new Set([
  'authorization',
  'dpop',
  'content-type',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
]);

/** Which of the params `Mcp-Name` repeats (spec 2026-07-28 basic/transports/streamable-http, "Standard Request Headers"). */
const NAME_PARAMS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

/** The headers of one transport's requests as long as its session is the same: name, value, name, value. Those that are always the same are made once. */
export class RequestHeaders {
  readonly sessionId: string | undefined;
  readonly #handshake: readonly string[];
  readonly #legacy: readonly string[];
  readonly #modern: readonly string[];
  readonly #get: readonly string[];
  readonly #delete: readonly string[];

  constructor({ url, headers }: HttpTarget, sessionId?: string, protocolVersion?: string) {
    this.sessionId = sessionId;
    const accepted = url.protocol === 'https:' ? ACCEPTED_CODINGS['https:'] : ACCEPTED_CODINGS['http:'];
    // Some servers refuse whoever does not say what it is.
    const configured = new Map([['user-agent', 'node'], ['accept-encoding', accepted], ...headers]);
    const session: Entries = sessionId === undefined ? [] : [['mcp-session-id', sessionId]];
    const version: Entries = protocolVersion === undefined ? [] : [['mcp-protocol-version', protocolVersion]];
    const json: Entries = [
      ['content-type', 'application/json'],
      ['accept', accepting(configured, 'application/json', 'text/event-stream')],
    ];
    const made = (...more: readonly Entries[]): readonly string[] => [...new Map([...configured, ...more.flat()])].flat();
    this.#handshake = made(version, json);
    this.#legacy = made(session, version, json);
    this.#modern = made(session, json);
    this.#get = made(session, version, [['accept', accepting(configured, 'text/event-stream')]]);
    this.#delete = made(session, version, [['accept', configured.get('accept') ?? '*/*']]);
  }

  /** @param more of a single message, by their names in any case */
  post(message: Message, more: Readonly<Record<string, string>> | undefined): string[] {
    const list = this.#postOf(message);
    if (more)
      for (const [name, value] of Object.entries(more)) if (!OWN.has(name.toLowerCase())) setHeader(list, name.toLowerCase(), value);
    return list;
  }

  get(lastEventId: string | undefined): string[] {
    const list = [...this.#get];
    if (lastEventId !== undefined) setHeader(list, 'last-event-id', lastEventId);
    return list;
  }

  delete(): string[] {
    return [...this.#delete];
  }

  #postOf(message: Message): string[] {
    if (!('method' in message && 'id' in message)) return [...this.#legacy];
    const { method, params } = message;
    const version = metaOf(params)?.[metaKey.protocolVersion];
    if (typeof version !== 'string') return [...(method === 'initialize' ? this.#handshake : this.#legacy)];
    const list = [...this.#modern];
    setHeader(list, 'mcp-protocol-version', version);
    setHeader(list, 'mcp-method', method);
    const name = nameOf(method, params);
    if (name !== undefined) setHeader(list, 'mcp-name', encodeHeaderValue(name));
    return list;
  }
}

type Entries = readonly (readonly [string, string])[];

/** Sets a header in a list of names and values. @param name in lower case */
export function setHeader(list: string[], name: string, value: string): void {
  for (let at = 0; at < list.length; at += 2) {
    if (list[at] === name) {
      list[at + 1] = value;
      return;
    }
  }
  list.push(name, value);
}

function accepting(configured: ReadonlyMap<string, string>, ...types: readonly string[]): string {
  const own = configured.get('accept')?.split(',') ?? [];
  return [...new Set([...own.map((type) => type.trim().toLowerCase()), ...types])].join(', ');
}

function nameOf(method: string, params: JsonObject | undefined): string | undefined {
  const key = NAME_PARAMS.get(method);
  const value = key !== undefined && isObject(params) ? params[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

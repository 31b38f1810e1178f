import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** How the names at an endpoint differ from those that the suite knows. */
export interface Naming {
  /** What stands before the names of tools and prompts. */
  readonly prefix: string;
  /** Whether the hub makes the keys of questions, because the server's revision has none. */
  readonly hasMadeKeys: boolean;
}

/**
 * One scenario of 2026-07-28 insists on the key under which a tool of the fixture asks its question. In older revisions questions
 * have no keys; the hub makes them, and this is what it makes for the first one of a call.
 */
const KEYED = { tool: 'test_input_required_result_elicitation', wanted: 'user_name', made: 'elicitation-1' } as const;

/** Methods whose answers hold exposed names; they are read to the end, while other answers are passed on as they come. */
const LISTS = new Set(['tools/list', 'prompts/list']);

type Json = Record<string, unknown>;
type Change = (message: Json) => Json;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A request as the endpoint has to see it. */
interface Renamed {
  readonly body: Buffer;
  /** Whether `params.name`, which `Mcp-Name` repeats, has another name now. */
  readonly isNamed: boolean;
  /** What has to be done with the answer. */
  readonly change: Change | undefined;
}

/**
 * Lets the suite, which knows tools, prompts and questions by the names that the fixture gives them, use an endpoint where they
 * look otherwise: renames in requests (`tools/call`, `prompts/get`, `completion/complete`, `Mcp-Name`) and back again in answers.
 * Everything else passes untouched, streams included. Listens on 127.0.0.1 already when it is returned.
 *
 * @param target the URL of the endpoint, `http://127.0.0.1:PORT/path`
 */
export async function startNamingProxy(target: string, naming: Naming): Promise<Server> {
  const server = createServer((req, res) => {
    forward(req, res, new URL(target), naming).catch(() => res.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

async function forward(req: IncomingMessage, res: ServerResponse, target: URL, naming: Naming): Promise<void> {
  const { body, isNamed, change } = renamed(await buffer(req), naming);
  const headers = { ...req.headers };
  delete headers['transfer-encoding'];
  if (req.method === 'POST') headers['content-length'] = String(body.length);
  // A header that disagrees with the body has to disagree behind the proxy too, so it gets the prefix whatever it says.
  const name = headers['mcp-name'];
  if (isNamed && typeof name === 'string' && /^[\w-]+$/.test(name.trim())) headers['mcp-name'] = `${naming.prefix}${name.trim()}`;

  const onward = request({ host: target.hostname, port: target.port, path: target.pathname, method: req.method, headers });
  res.on('close', () => onward.destroy());
  onward.on('error', () => res.destroy());
  onward.on('response', (answer) => {
    answer.on('error', () => res.destroy());
    if (change) {
      replyChanged(answer, res, change).catch(() => res.destroy());
      return;
    }
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    res.flushHeaders();
    answer.pipe(res);
  });
  onward.end(body);
}

function renamed(body: Buffer, { prefix, hasMadeKeys }: Naming): Renamed {
  const message = parsed(body.toString('utf8'));
  if (!message) return { body, isNamed: false, change: undefined };
  const { method, params } = message;
  const change: Change | undefined = LISTS.has(String(method)) ? (answer) => withoutPrefixes(answer, prefix) : undefined;
  if (!isObject(params)) return { body, isNamed: false, change };
  const to = (newParams: Json): Buffer => Buffer.from(JSON.stringify({ ...message, params: newParams }));
  const { ref, name } = params;
  if (method === 'completion/complete' && isObject(ref) && ref['type'] === 'ref/prompt') {
    return { body: to({ ...params, ref: { ...ref, name: `${prefix}${String(ref['name'])}` } }), isNamed: false, change };
  }
  if ((method !== 'tools/call' && method !== 'prompts/get') || typeof name !== 'string') return { body, isNamed: false, change };
  const named = { ...params, name: `${prefix}${name}` };
  if (!hasMadeKeys || name !== KEYED.tool) return { body: to(named), isNamed: true, change };
  return {
    body: to(withKey(named, 'inputResponses', KEYED.wanted, KEYED.made)),
    isNamed: true,
    change: (answer) =>
      isObject(answer['result']) ? { ...answer, result: withKey(answer['result'], 'inputRequests', KEYED.made, KEYED.wanted) } : answer,
  };
}

/** The holder with one key of its member `field` under another name. */
function withKey(holder: Json, field: string, from: string, to: string): Json {
  const map = holder[field];
  if (!isObject(map) || !(from in map)) return holder;
  return { ...holder, [field]: Object.fromEntries(Object.entries(map).map(([key, value]) => [key === from ? to : key, value])) };
}

/** A message with the prefix taken off the names in its lists, if it has any. */
function withoutPrefixes(message: Json, prefix: string): Json {
  if (!isObject(message['result'])) return message;
  const result = { ...message['result'] };
  for (const key of ['tools', 'prompts']) {
    const list = result[key];
    if (Array.isArray(list)) result[key] = list.map((item: unknown) => withoutPrefix(item, prefix));
  }
  return { ...message, result };
}

function withoutPrefix(item: unknown, prefix: string): unknown {
  if (!isObject(item) || typeof item['name'] !== 'string' || !item['name'].startsWith(prefix)) return item;
  return { ...item, name: item['name'].slice(prefix.length) };
}

/** Sends an answer, JSON or a stream of events that ends, with its messages changed. */
async function replyChanged(answer: IncomingMessage, res: ServerResponse, change: Change): Promise<void> {
  const text = (await buffer(answer)).toString('utf8');
  const changed = (data: string): string => {
    const message = parsed(data);
    return message ? JSON.stringify(change(message)) : data;
  };
  const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true;
  const body = isStream ? text.replace(/^data: (.*)$/gm, (_line, data: string) => `data: ${changed(data)}`) : changed(text);
  const { 'transfer-encoding': _chunked, ...headers } = answer.headers;
  res.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  res.end(body);
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Expected: GET and DELETE have no body, and the suite sends broken ones.
    return undefined;
  }
}

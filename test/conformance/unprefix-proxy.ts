import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** Methods whose answers hold exposed names; they are read to the end, while every other answer is passed on as it comes. */
const LISTS = new Set(['tools/list', 'prompts/list']);

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Lets the suite, which knows tools and prompts by their plain names, use an endpoint that shows them as `<prefix><name>`: puts
 * the prefix before the names in requests (`tools/call`, `prompts/get`, `completion/complete`, `Mcp-Name`) and takes it off in
 * answers to `tools/list` and `prompts/list`. Everything else passes untouched, streams included. Listens on 127.0.0.1 already
 * when it is returned.
 *
 * @param target the URL of the endpoint, `http://127.0.0.1:PORT/path`
 */
export async function startUnprefixProxy(target: string, prefix: string): Promise<Server> {
  const server = createServer((req, res) => {
    forward(req, res, new URL(target), prefix).catch(() => res.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

async function forward(req: IncomingMessage, res: ServerResponse, target: URL, prefix: string): Promise<void> {
  const { body, method, wasRenamed } = prefixed(await buffer(req), prefix);
  const headers = { ...req.headers };
  delete headers['transfer-encoding'];
  if (req.method === 'POST') headers['content-length'] = String(body.length);
  // A header that disagrees with the body has to disagree behind the proxy too, and one for a nameless request is left alone.
  const name = headers['mcp-name'];
  if (wasRenamed && typeof name === 'string' && /^[\w-]+$/.test(name.trim())) headers['mcp-name'] = `${prefix}${name.trim()}`;

  const onward = request({ host: target.hostname, port: target.port, path: target.pathname, method: req.method, headers });
  res.on('close', () => onward.destroy());
  onward.on('error', () => res.destroy());
  onward.on('response', (answer) => {
    answer.on('error', () => res.destroy());
    if (LISTS.has(method)) {
      replyUnprefixed(answer, res, prefix).catch(() => res.destroy());
      return;
    }
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    res.flushHeaders();
    answer.pipe(res);
  });
  onward.end(body);
}

/** The request as the endpoint has to see it. */
function prefixed(body: Buffer, prefix: string): { body: Buffer; method: string; wasRenamed: boolean } {
  const message = parsed(body.toString('utf8'));
  const method = typeof message?.['method'] === 'string' ? message['method'] : '';
  const params = message?.['params'];
  if (!message || !isObject(params)) return { body, method, wasRenamed: false };
  if (method === 'completion/complete') {
    const { ref } = params;
    if (!isObject(ref) || ref['type'] !== 'ref/prompt') return { body, method, wasRenamed: false };
    const renamed = { ...message, params: { ...params, ref: { ...ref, name: `${prefix}${String(ref['name'])}` } } };
    return { body: Buffer.from(JSON.stringify(renamed)), method, wasRenamed: false };
  }
  const { name } = params;
  if ((method !== 'tools/call' && method !== 'prompts/get') || typeof name !== 'string') return { body, method, wasRenamed: false };
  const renamed = { ...message, params: { ...params, name: `${prefix}${name}` } };
  return { body: Buffer.from(JSON.stringify(renamed)), method, wasRenamed: true };
}

/** Sends an answer to a list request, JSON or a stream of events, with plain names. */
async function replyUnprefixed(answer: IncomingMessage, res: ServerResponse, prefix: string): Promise<void> {
  const text = (await buffer(answer)).toString('utf8');
  const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true;
  const body = isStream ? text.replace(/^data: (.*)$/gm, (_line, data: string) => `data: ${plain(data, prefix)}`) : plain(text, prefix);
  const { 'transfer-encoding': _chunked, ...headers } = answer.headers;
  res.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  res.end(body);
}

/** A message with the prefix taken off the names in its list, if it has one. */
function plain(text: string, prefix: string): string {
  const message = parsed(text);
  if (!message || !isObject(message['result'])) return text;
  const result = { ...message['result'] };
  for (const key of ['tools', 'prompts']) {
    const list = result[key];
    if (Array.isArray(list)) result[key] = list.map((item: unknown) => withoutPrefix(item, prefix));
  }
  return JSON.stringify({ ...message, result });
}

function withoutPrefix(item: unknown, prefix: string): unknown {
  if (!isObject(item) || typeof item['name'] !== 'string' || !item['name'].startsWith(prefix)) return item;
  return { ...item, name: item['name'].slice(prefix.length) };
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

import type { Crowd, HttpTarget, Plan } from './plan.ts';
import type { RawAnswer } from './raw-answer.ts';
import { RawHttp } from './raw-http.ts';
import { checkAnswer, requestOf } from './request-of.ts';

const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
const clientInfo = { name: 'bench', version: '1.0.0' };
const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};
type Headers = Readonly<Record<string, string>>;
const base: Headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Clients with a connection each; in the legacy era also with a session each. Rejects when a client is refused. */
export async function openHttpClients(target: HttpTarget, { clients, payload }: Plan): Promise<Crowd> {
  const url = new URL(target.url);
  const { method, params, tool } = requestOf(payload, target.prefix);
  const all = { ...params, ...(target.era === 'modern' && { _meta: modernMeta }) };
  const tail = `,"method":"${method}","params":${JSON.stringify(all)}}`;
  const modern: Headers = { 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': method, ...(tool !== undefined && { 'mcp-name': tool }) };

  const connections: RawHttp[] = [];
  const open = async (): Promise<{ call(): Promise<void>; close(): Promise<void> }> => {
    const http = new RawHttp(url);
    connections.push(http);
    const own = target.era === 'modern' ? modern : await openSession(http, url);
    const post = headOf('POST', url, { ...base, ...own });
    // Ids of one length make answers of one length: after the first, which is read, a look at the size is enough.
    let id = 1_000_000;
    let size: number | undefined;
    const call = async (): Promise<void> => {
      id += 1;
      const answer = await http.exchange(post, `{"jsonrpc":"2.0","id":${id}${tail}`);
      if (answer.status !== 200) throw refused(answer, target.url);
      if (answer.bytes === size) return;
      checkAnswer(answer.body(), payload);
      size = answer.bytes;
    };
    await call();
    const close = async (): Promise<void> => {
      if (target.era === 'legacy') await http.exchange(headOf('DELETE', url, own), '');
      http.close();
    };
    return { call, close };
  };

  const opened = await Promise.all(Array.from({ length: clients }, open)).catch((error: unknown) => {
    for (const http of connections) http.close();
    throw error;
  });
  return {
    calls: opened.map(({ call }) => call),
    close: async () => {
      await Promise.all(opened.map(({ close }) => close()));
    },
  };
}

/** Opens a session; its headers go with every later request. */
export async function openSession(http: RawHttp, url: URL): Promise<Headers> {
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const initialize = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const answer = await http.exchange(headOf('POST', url, base), initialize);
  if (answer.status !== 200) throw refused(answer, url.href);
  const session = answer.header('mcp-session-id');
  const own = { 'mcp-protocol-version': LEGACY_VERSION, ...(session !== undefined && { 'mcp-session-id': session }) };
  await http.exchange(headOf('POST', url, { ...base, ...own }), '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return own;
}

/** Request line and headers as {@link RawHttp} wants them. */
export function headOf(method: string, { pathname, search }: URL, headers: Headers): string {
  return `${method} ${pathname}${search} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}`;
}

function refused(answer: RawAnswer, url: string): Error {
  return new Error(`HTTP ${answer.status} from ${url}: ${answer.body().slice(0, 300)}`);
}

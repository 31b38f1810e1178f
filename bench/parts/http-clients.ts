import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request, type RequestOptions } from 'node:http';
import { callOf, checkAnswer } from './answer-check.ts';
import type { Crowd, HttpTarget, Plan } from './plan.ts';

const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
/** The longest time that one answer may take, in milliseconds. */
const ANSWER_MS = 10_000;
const clientInfo = { name: 'bench', version: '1.0.0' };
const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  /** Read only where it is asked for. */
  readonly body: string;
}

/** Clients with a connection each; in the legacy era also with a session each. Rejects when a client is refused. */
export async function openHttpClients(target: HttpTarget, { clients, payload }: Plan): Promise<Crowd> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const url = new URL(target.url);
  const send = (method: string, headers: OutgoingHttpHeaders, body: string, wanted: boolean): Promise<Reply> =>
    exchange({ host: url.hostname, port: url.port, path: url.pathname, method, agent, headers }, body, wanted);
  const call = callOf(payload);
  const name = `${target.prefix}${call.name}`;
  const params = { name, arguments: call.arguments, ...(target.era === 'modern' && { _meta: modernMeta }) };
  const tail = `,"method":"tools/call","params":${JSON.stringify(params)}}`;
  const base = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

  const open = async (): Promise<{ call(): Promise<void>; close(): Promise<void> }> => {
    const headers: OutgoingHttpHeaders =
      target.era === 'modern'
        ? { ...base, 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'tools/call', 'mcp-name': name }
        : { ...base, 'mcp-protocol-version': LEGACY_VERSION, 'mcp-session-id': await openSession(send, base) };
    // Ids of one length make answers of one length: after the first, which is read, a look at the size is enough.
    let id = 1_000_000;
    let size: number | undefined;
    const callOnce = async (): Promise<void> => {
      id += 1;
      const reply = await send('POST', headers, `{"jsonrpc":"2.0","id":${id}${tail}`, size === undefined);
      if (reply.status !== 200) throw new Error(`HTTP ${reply.status} from ${target.url}`);
      if (size === undefined) checkAnswer(reply.body, payload);
      size ??= reply.bytes;
      if (reply.bytes !== size)
        throw new Error(`An answer of ${reply.bytes} bytes from ${target.url}, after one of ${size} to the same call`);
    };
    await callOnce();
    const close = async (): Promise<void> => {
      if (target.era === 'legacy') await send('DELETE', headers, '', false);
    };
    return { call: callOnce, close };
  };

  const all = await Promise.all(Array.from({ length: clients }, open));
  return {
    calls: all.map((client) => client.call),
    close: async () => {
      await Promise.all(all.map((client) => client.close()));
      agent.destroy();
    },
  };
}

async function openSession(
  send: (method: string, headers: OutgoingHttpHeaders, body: string, wanted: boolean) => Promise<Reply>,
  base: OutgoingHttpHeaders,
): Promise<string> {
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const { status, headers, body } = await send('POST', base, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }), true);
  const session = headers['mcp-session-id'];
  if (status !== 200 || typeof session !== 'string') throw new Error(`No session: HTTP ${status} ${body.slice(0, 300)}`);
  const own = { ...base, 'mcp-protocol-version': LEGACY_VERSION, 'mcp-session-id': session };
  await send('POST', own, '{"jsonrpc":"2.0","method":"notifications/initialized"}', false);
  return session;
}

function exchange(options: RequestOptions, body: string, wanted: boolean): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = request(options, (res) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      res.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (wanted) chunks.push(chunk);
      });
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, bytes, body: Buffer.concat(chunks).toString() }));
    });
    req.setTimeout(ANSWER_MS, () => req.destroy(new Error(`No answer in ${ANSWER_MS} ms`)));
    req.on('error', reject);
    req.end(body);
  });
}

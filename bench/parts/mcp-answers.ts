/** One tool call's worth of a server: what every upstream of the benchmark answers, with as little work as possible. */

export type Era = 'legacy' | 'modern';

interface Request {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: {
    readonly protocolVersion?: unknown;
    readonly name?: unknown;
    readonly arguments?: { readonly text?: unknown; readonly bytes?: unknown };
  };
}

const MODERN_VERSION = '2026-07-28';
const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const serverInfo = { name: 'bench', version: '1.0.0' };
const tools = [
  { name: 'echo', description: 'Says what it was told.', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } },
  { name: 'text', description: 'A text of a given size.', inputSchema: { type: 'object', properties: { bytes: { type: 'integer' } } } },
];
const cached = { ttlMs: 60_000, cacheScope: 'public' };
/** A result is written once per size: the upstream shall not be what is measured. */
const texts = new Map<string, string>();

/** The answer to one message as JSON, or `undefined` for a notification. With `count`, the server has so many tools. */
export function answer(message: Request, era: Era, count?: number): string | undefined {
  if (message.id === undefined) return undefined;
  return `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},${outcome(message, era, count)}}`;
}

function outcome({ method, params }: Request, era: Era, count?: number): string {
  if (method === 'tools/call') return `"result":${called(params, era)}`;
  if (method === 'tools/list') {
    const all = count === undefined ? tools : manyTools(count);
    return `"result":${JSON.stringify(era === 'modern' ? { resultType: 'complete', tools: all, ...cached } : { tools: all })}`;
  }
  if (era === 'modern' && method === 'server/discover') return `"result":${JSON.stringify(discovered)}`;
  if (era === 'legacy' && method === 'initialize') return `"result":${JSON.stringify(initialized(params?.protocolVersion))}`;
  if (method === 'ping') return '"result":{}';
  return '"error":{"code":-32601,"message":"Method not found"}';
}

/** Tools of about 600 bytes each, as those of real servers are. */
function manyTools(count: number): object[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `tool_${at + 1}`,
    description: `Tool number ${at + 1}. ${'It does what its name says, and says what it did. '.repeat(5)}`,
    inputSchema: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Where to look, relative to the root of the project' },
        limit: { type: 'integer', minimum: 1, maximum: 1_000, description: 'The largest number of results' },
      },
      required: ['path'],
    },
  }));
}

const discovered = {
  resultType: 'complete',
  supportedVersions: [MODERN_VERSION],
  capabilities: { tools: {} },
  ...cached,
  _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
};

/** In the client's revision when it is a known one: older hubs know older ones only. */
function initialized(wanted: unknown): object {
  const protocolVersion = LEGACY_VERSIONS.find((one) => one === wanted) ?? LEGACY_VERSIONS[0];
  return { protocolVersion, capabilities: { tools: {} }, serverInfo };
}

function called(params: Request['params'], era: Era): string {
  const { text, bytes } = params?.arguments ?? {};
  if (params?.name === 'echo' && typeof text === 'string') return result(text, era);
  if (params?.name !== 'text' || typeof bytes !== 'number') return '{"content":[],"isError":true}';
  const key = `${era} ${bytes}`;
  const known = texts.get(key);
  if (known !== undefined) return known;
  const made = result('x'.repeat(bytes), era);
  texts.set(key, made);
  return made;
}

function result(text: string, era: Era): string {
  const content = [{ type: 'text', text }];
  return JSON.stringify(era === 'modern' ? { resultType: 'complete', content } : { content });
}

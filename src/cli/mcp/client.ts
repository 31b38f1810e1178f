import { HubError, isHubError } from '../../base/index.ts';
import { messagesOfHub } from '../api-request.ts';
import { isObject, type JsonObject, listOf, memberOf, textOf } from '../json.ts';
import { plural } from '../render.ts';
import { problemOf } from './problem.ts';
import { encodeHeaderValue, paramHeaders } from './request-headers.ts';

/** The revision that is spoken: every request stands for itself (docs/protocol.md). */
const REVISION = '2026-07-28';
/** The hub keeps a stream alive with a comment every 15 seconds; one that is silent for longer has lost its hub, in milliseconds. */
const SILENT_AT_MOST_MS = 60_000;
/** The hub gives each list as one page. */
const MAX_PAGES = 1_000;

/** What servers may ask of the command line: a person fills in forms and opens addresses; there is no folder to tell of. */
const CAPABILITIES = { elicitation: { form: {}, url: {} }, roots: {} };

const KEYS = {
  revision: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
};

const LISTS = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
} as const;
export type ListKind = keyof typeof LISTS;

export interface McpClientOptions {
  /** Of the hub: `http://localhost:37373`. */
  readonly origin: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of this program, which is told to servers. */
  readonly version: string;
  /** Takes every request back. */
  readonly signal: AbortSignal;
}

export interface McpRequest {
  /** `/mcp/<server>` instead of `/mcp`. */
  readonly server?: string | undefined;
  readonly method: string;
  readonly params?: JsonObject;
  /** Of the tool that is called: some of its arguments are told in headers as well. */
  readonly inputSchema?: unknown;
  /** How long the answer may take, in milliseconds; without it, as long as the hub lets it. */
  readonly timeoutMs?: number | undefined;
  /** Whether log messages of the server are wanted, and down to which level. */
  readonly logLevel?: string | undefined;
  /** Progress and log messages on the way; without it, none are asked for. */
  readonly onNotification?: ((method: string, params: unknown) => void) | undefined;
}

/** A client of the hub's own MCP endpoint. Requests have nothing in common but the hub. */
export class McpClient {
  readonly #options: McpClientOptions;

  constructor(options: McpClientOptions) {
    this.#options = options;
  }

  /** Everything of one kind that the hub, or one of its servers, offers. Errors as for {@link request}. */
  async list(kind: ListKind, server?: string): Promise<readonly JsonObject[]> {
    const items: JsonObject[] = [];
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const result = await this.request({ server, method: LISTS[kind], params: cursor === undefined ? {} : { cursor } });
      items.push(...listOf(result, kind).filter(isObject));
      cursor = memberOf(result, 'nextCursor');
      if (typeof cursor !== 'string') break;
    }
    return items;
  }

  /**
   * Makes one request. The end of the signal, and that of the time, take it back.
   *
   * @throws HubError what the hub or the server answers (see problem.ts), TIMEOUT, CANCELLED, HUB_NOT_FOUND
   */
  async request(request: McpRequest): Promise<JsonObject> {
    const { origin, signal } = this.#options;
    const { timeoutMs } = request;
    const deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    try {
      for await (const message of this.#messages(request, deadline)) {
        const method = textOf(message, 'method');
        if (method === '') return resultOf(message, request);
        request.onNotification?.(method, memberOf(message, 'params'));
      }
    } catch (error) {
      throw deadline?.aborted && !signal.aborted && isHubError(error, 'CANCELLED') ? tooLate(timeoutMs ?? 0, error) : error;
    }
    throw new HubError('CONNECTION_ERROR', `The hub at ${origin} closed the connection before it had answered.`);
  }

  #messages(request: McpRequest, deadline: AbortSignal | undefined): AsyncGenerator<unknown> {
    const { headers, origin, signal } = this.#options;
    const { server, method, params } = request;
    return messagesOfHub(origin, {
      method: 'POST',
      path: server === undefined ? '/mcp' : `/mcp/${encodeURIComponent(server)}`,
      headers: { ...headers, ...headersOf(request) },
      body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: this.#metaOf(request) } },
      timeoutMs: SILENT_AT_MOST_MS,
      signal: deadline ? AbortSignal.any([signal, deadline]) : signal,
    });
  }

  #metaOf({ logLevel, onNotification }: McpRequest): JsonObject {
    return {
      [KEYS.revision]: REVISION,
      [KEYS.client]: { name: 'mcp-hub-cli', version: this.#options.version },
      [KEYS.capabilities]: CAPABILITIES,
      ...(logLevel !== undefined && { [KEYS.logLevel]: logLevel }),
      ...(onNotification && { progressToken: 'cli' }),
    };
  }
}

function headersOf({ method, params, inputSchema }: McpRequest): Readonly<Record<string, string>> {
  const name = memberOf(params, method === 'resources/read' ? 'uri' : 'name');
  return {
    'MCP-Protocol-Version': REVISION,
    'Mcp-Method': method,
    ...(typeof name === 'string' && { 'Mcp-Name': encodeHeaderValue(name) }),
    ...paramHeaders(inputSchema, memberOf(params, 'arguments')),
  };
}

function resultOf(message: unknown, { method, params }: McpRequest): JsonObject {
  const result = memberOf(message, 'result');
  const problem = problemOf(method, params, message);
  if (problem) throw problem;
  if (isObject(result)) return result;
  throw new HubError('UPSTREAM_PROTOCOL', `"${method}" was answered with neither a result nor an error.`);
}

function tooLate(timeoutMs: number, cause: unknown): HubError {
  const message = `There was no answer within ${plural(timeoutMs / 1000, 'second')}, and the request was taken back. Give it more with --timeout.`;
  return new HubError('TIMEOUT', message, { details: { timeoutMs }, cause });
}

import { type Clock, isHubError, wayOut } from '../../base/index.ts';
import { failureOf, unreadable, withoutSecrets } from './reasons.ts';

interface RequestOptions {
  /** Of the copy that is there already; the answer may then be that it is still right. */
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Most bytes of the body, after decompression. */
  readonly maxBytes: number;
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Reply {
  /** 200: read. 304: as before. 404: there is none. */
  readonly status: 200 | 304 | 404;
  readonly text: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** GET requests over connections that end with {@link RegistryHttp.close}. */
export interface RegistryHttp {
  /** @throws HubError MARKETPLACE_ERROR; `details` has `url` and `reason` */
  get(url: string, options: RequestOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** Opens connections as {@link wayOut} does. */
export function openRegistryHttp(env: NodeJS.ProcessEnv, clock: Clock): RegistryHttp {
  const way = wayOut(env);
  const closed = new AbortController();
  return {
    async get(url, { etag, lastModified, maxBytes, timeoutMs, signal }) {
      const deadline = new AbortController();
      const timer = clock.after(timeoutMs, () =>
        deadline.abort(unreadable(url, 'timeout', `no complete answer within ${timeoutMs / 1000} s`)),
      );
      const signals = AbortSignal.any([...(signal ? [signal] : []), deadline.signal, closed.signal]);
      try {
        const { target, headers } = withoutLogin(url);
        const response = await way.fetch(target, { headers: { ...headers, ...headersOf(etag, lastModified) }, signal: signals });
        // An answer that nobody reads would keep its connection open.
        if (response.status !== 200) await response.body?.cancel();
        const status = statusOf(url, response.status);
        return {
          status,
          text: status === 200 ? await readBody(url, response.body, maxBytes) : '',
          etag: response.headers.get('etag') ?? undefined,
          lastModified: response.headers.get('last-modified') ?? undefined,
        };
      } catch (error) {
        if (isHubError(deadline.signal.reason)) throw deadline.signal.reason;
        if (isHubError(error, 'CONFIG_ERROR'))
          throw unreadable(url, 'proxy', `${String(error.details['variable'])} names no HTTP proxy`, error);
        throw isHubError(error) ? error : failureOf(url, error, way.isProxied(new URL(url)));
      } finally {
        timer.dispose();
      }
    },
    async close() {
      closed.abort();
      await way.close();
    },
  };
}

/** `fetch` takes no user and password in an address. */
function withoutLogin(url: string): { readonly target: URL; readonly headers: Record<string, string> } {
  const target = new URL(url);
  const { username, password } = target;
  if (username === '' && password === '') return { target, headers: {} };
  target.username = '';
  target.password = '';
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { target, headers: { authorization: `Basic ${login}` } };
}

function headersOf(etag: string | undefined, lastModified: string | undefined): Record<string, string> {
  return {
    accept: 'application/json, text/plain;q=0.9, */*;q=0.5',
    'user-agent': 'mcp-hub',
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  };
}

function statusOf(url: string, status: number): Reply['status'] {
  if (status === 200 || status === 304 || status === 404) return status;
  throw refusal(url, status);
}

function refusal(url: string, status: number): Error {
  const isProxys = status === 407;
  return unreadable(
    url,
    isProxys ? 'proxy' : 'status',
    isProxys ? 'the proxy wants a login (HTTP 407)' : `it answered with HTTP ${status}`,
  );
}

async function readBody(url: string, body: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw unreadable(url, 'oversize', `it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** JSON of an answer. @throws HubError MARKETPLACE_ERROR */
export function parseJson(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(url, 'garbage', `what ${withoutSecrets(url)} sent is not JSON`, error);
  }
}

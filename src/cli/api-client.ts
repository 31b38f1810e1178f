import { resolve } from 'node:path';
import { HubError, isHubError, parseJson } from '../base/index.ts';
import { type ApiRequest, askHub, streamOfHub } from './api-request.ts';
import type { CommandIo } from './command.ts';
import { socketAddress, socketOf } from './hub-address.ts';
import { keyHeaders } from './hub-key.ts';
import { wholeNumber } from './option-values.ts';
import { chooseHub, type HubChoice, type RunningHub, type Surroundings } from './running-hubs.ts';
import { SseReader } from './sse-reader.ts';
import { textsOf } from './json.ts';

/** How long a request may take that does nothing but tell what is, in milliseconds. */
const ANSWER_WITHIN_MS = 30_000;
/** How long the start of a server may take: a cold `npx` downloads, in milliseconds. */
export const START_WITHIN_MS = 330_000;
/** An event stream has a heartbeat; one that is silent for longer has lost its hub, in milliseconds. */
const SILENT_AT_MOST_MS = 60_000;

export interface HubEvent {
  readonly name: string;
  readonly id: string;
  readonly data: unknown;
}

/** The management API of one running hub (docs/rest-api.md). Every method throws the hub's own errors as HubErrors. */
export class ApiClient {
  readonly hub: RunningHub;
  readonly #signal: AbortSignal | undefined;

  constructor(hub: RunningHub, signal?: AbortSignal) {
    this.hub = hub;
    this.#signal = signal;
  }

  get(path: string): Promise<unknown> {
    return this.request({ path });
  }

  /** `timeoutMs`: how long the answer may take. */
  post(path: string, body: object, timeoutMs = ANSWER_WITHIN_MS): Promise<unknown> {
    return this.request({ method: 'POST', path, body, timeoutMs });
  }

  request(request: Partial<ApiRequest> & Pick<ApiRequest, 'path'>): Promise<unknown> {
    const headers = { ...keyHeaders(this.hub.key), ...request.headers };
    return askHub(this.hub.origin, { timeoutMs: ANSWER_WITHIN_MS, signal: this.#signal, ...request, headers });
  }

  /**
   * What the hub tells from now on, until it closes the stream.
   *
   * @param signal ends it early, without an error
   */
  async *events(signal?: AbortSignal): AsyncGenerator<HubEvent> {
    const signals = [this.#signal, signal].filter((one) => one !== undefined);
    const reader = new SseReader();
    const request = {
      path: '/api/events',
      headers: keyHeaders(this.hub.key),
      timeoutMs: SILENT_AT_MOST_MS,
      signal: AbortSignal.any(signals),
    };
    try {
      for await (const chunk of streamOfHub(this.hub.origin, request)) {
        for (const { name, id, data } of reader.push(chunk)) yield { name, id, data: parsed(data) };
      }
    } catch (error) {
      if (!request.signal.aborted) throw error;
      // Expected: whoever reads has enough.
    }
  }
}

/** The client of the hub that the options mean. @throws HubError USAGE, HUB_NOT_FOUND, UNAUTHENTICATED */
export async function connectHub(options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<ApiClient> {
  const client = new ApiClient(await chooseHub(hubChoice(options), surroundings(io)), io.signal);
  if (client.hub.isShut) await checkKey(client);
  return client;
}

/** The hub itself says best what is wrong with the key; one that may not read may still be good for calls. */
async function checkKey(client: ApiClient): Promise<void> {
  try {
    await client.get('/api/workspaces');
  } catch (error) {
    if (!isHubError(error, 'FORBIDDEN')) throw error;
  }
}

export function surroundings({ process, signal }: Pick<CommandIo, 'process' | 'signal'>): Surroundings {
  return { env: process.env, cwd: process.cwd(), signal };
}

/** What `--port`, `--hub` and `--config` say. @throws HubError USAGE */
export function hubChoice(options: Readonly<Record<string, unknown>>): HubChoice {
  const errors: string[] = [];
  const port = wholeNumber('--port', options['port'], 65_535, 'a port is', errors);
  const { socket, apiKeyFile } = options;
  const url = typeof socket === 'string' ? socketAddress(resolve(socket)) : options['hub'];
  if (url !== undefined && !isAddress(url)) {
    errors.push(
      `--hub ${JSON.stringify(url)} cannot be used: give the address of a hub, such as http://localhost:37373 or unix:/run/user/1000/hub.sock.`,
    );
  }
  if (errors.length > 0) throw new HubError('USAGE', errors.join('\n'), { details: { errors } });
  return {
    port,
    url: isAddress(url) ? url : undefined,
    configFiles: textsOf(options['config']),
    apiKeyFile: typeof apiKeyFile === 'string' ? apiKeyFile : undefined,
  };
}

function isAddress(url: unknown): url is string {
  if (typeof url !== 'string') return false;
  return socketOf(url) !== undefined || (/^https?:\/\//.test(url) && URL.canParse(url));
}

function parsed(data: string): unknown {
  try {
    return parseJson(data);
  } catch {
    // Expected: SyntaxError, an event of another kind than those of a hub.
    return data;
  }
}

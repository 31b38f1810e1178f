import { type Clock, type LogRecord, createLogger, systemClock } from '../../src/base/index.ts';
import type { KeyScope } from '../../src/config/index.ts';
import { Endpoint } from '../../src/downstream/index.ts';
import type { AccessKeys } from '../../src/http/index.ts';
import { HttpServer, type HttpServerOptions, MESSAGES_PATH } from '../../src/http/index.ts';
import { eventLog } from '../support/event-readers.ts';
import { FakeGateway } from '../support/fake-gateway.ts';
import { MemoryManagement, serverObject } from '../support/memory-management.ts';

/** Keys in memory: the text of one is `mcphub_` and its id. */
class MemoryKeys implements AccessKeys {
  isNeeded = true;
  readonly #good = new Map<string, { readonly id: string; readonly scopes: ReadonlySet<KeyScope> }>();

  constructor(keys: Readonly<Record<string, readonly KeyScope[]>>) {
    for (const [id, scopes] of Object.entries(keys)) this.#good.set(id, { id, scopes: new Set(scopes) });
  }

  find(text: string): ReturnType<AccessKeys['find']> {
    return text.startsWith('mcphub_') ? this.#good.get(text.slice('mcphub_'.length)) : undefined;
  }

  isGood(id: string): boolean {
    return this.#good.has(id);
  }

  revoke(id: string): void {
    this.#good.delete(id);
  }
}

export interface DoorHarness {
  readonly url: string;
  readonly port: number;
  readonly keys: MemoryKeys;
  readonly gateway: FakeGateway;
  readonly endpoint: Endpoint;
  readonly management: MemoryManagement;
  readonly records: readonly LogRecord[];
  close(): Promise<void>;
}

/** The whole HTTP side on a real socket, with four keys: `all` (admin), `use` (mcp), `look` (read), `both`. */
export async function startDoor(options: Partial<HttpServerOptions> & { readonly clock?: Clock } = {}): Promise<DoorHarness> {
  const keys = new MemoryKeys({ all: ['admin'], use: ['mcp'], look: ['read'], both: ['mcp', 'read'], other: ['mcp'] });
  const gateway = new FakeGateway();
  gateway.servers.add('time');
  const records: LogRecord[] = [];
  const base = { clock: options.clock ?? systemClock, logger: createLogger([(record) => records.push(record)]) };
  const limits = { maxBodyBytes: 100_000, sessionIdleTimeoutMs: 60_000, maxSessions: 1_000, shutdownTimeoutMs: 0 };
  const endpoint = new Endpoint({ ...base, gateway, serverInfo: { name: 'x' }, limits: () => limits, messagesPath: MESSAGES_PATH });
  const management = Object.assign(new MemoryManagement(serverObject('time')), { events: eventLog() });
  const api = { management, version: '0.0.0-test', maxBodyBytes: () => limits.maxBodyBytes, allowedHosts: () => ['hub.example'] };
  const server = new HttpServer({ ...base, ...api, endpoint, keys, host: '127.0.0.1', port: 0, ...options });
  const { port } = await server.start();
  return { url: `http://127.0.0.1:${port}`, port, keys, gateway, endpoint, management, records, close: () => server.close() };
}

export const bearer = (id: string): Record<string, string> => ({ authorization: `Bearer mcphub_${id}` });

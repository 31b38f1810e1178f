import type { LogRecord } from '../../src/base/index.ts';
import { modern } from '../downstream/harness.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { HttpClient } from './http-client.ts';

/** A whole hub in this process, with a well-behaved server unless told otherwise, that fuzzed input is sent to. */
export interface FuzzedHub {
  readonly running: RunningHub;
  readonly port: number;
  readonly client: HttpClient;
  /** A new legacy session; its id. */
  startSession(): Promise<string>;
  /** Throws for what the hub itself took for a failure of its own since the last time. */
  noFailures(): void;
  /** Rejects unless a well-formed call and a well-formed REST request are answered as they should be. */
  alive(): Promise<void>;
  close(): Promise<void>;
}

/** Small limits, so that cases reach them. */
const LIMITS = { maxBodySize: 20_000, maxSessions: 50, sessionIdleTimeout: 1_000, startupWait: 5_000 };

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', clientInfo: { name: 'fuzz', version: '1' }, capabilities: {} },
});
const BOTH = 'application/json, text/event-stream';

export async function startFuzzedHub(config: object = { mcpServers: { echo: fixture('echo.mjs') } }): Promise<FuzzedHub> {
  const failures: LogRecord[] = [];
  const keep = (record: LogRecord): void => void ((record.code ?? record.data['code']) === 'UNHANDLED_ERROR' && failures.push(record));
  const running = await runHub({ ...LIMITS, ...config }, {}, 0, { sinks: [keep] });
  const client = new HttpClient(running.origin);
  const noFailures = (): void => {
    const [first] = failures.splice(0);
    if (first) throw new Error(`The hub says: ${first.message} ${JSON.stringify(first.data)}`);
  };
  return {
    running,
    port: Number(new URL(running.origin).port),
    client,
    noFailures,
    async startSession() {
      const { headers, status, text } = await client.ask('/mcp', { headers: { accept: BOTH }, body: INITIALIZE });
      const id = headers['mcp-session-id'];
      if (typeof id !== 'string') throw new Error(`No session: HTTP ${status} ${text}`);
      return id;
    },
    async alive() {
      const { headers = {}, body } = modern('tools/list');
      const listed = await client.ask('/mcp', { headers: { accept: BOTH, ...headers }, body: JSON.stringify(body) });
      if (listed.status !== 200 || !listed.text.includes('"tools"')) throw new Error(`tools/list: HTTP ${listed.status} ${listed.text}`);
      const health = await client.ask('/api/health', { method: 'GET' });
      if (health.status !== 200 || !health.text.includes('"ok"')) throw new Error(`health: HTTP ${health.status} ${health.text}`);
      noFailures();
    },
    async close() {
      client.close();
      await running.stop();
    },
  };
}

import type { Server } from 'node:http';
import { Client as Sdk2, StreamableHTTPClientTransport as Http2 } from '@modelcontextprotocol/client';
import { Client as Sdk1 } from 'sdk-v1/client';
import { StreamableHTTPClientTransport as Http1 } from 'sdk-v1/client/streamableHttp.js';
import { CallToolResultSchema, ElicitRequestSchema } from 'sdk-v1/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveFixtureHttp } from '../conformance/fixture/http.ts';
import { type BundledSource, bundleSource } from '../support/bundle-source.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { at } from '../support/era-pairs.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

let hub: RunningHub;
let proxy: CuttingProxy;
let fixture: BundledSource;
let server: Server;
beforeAll(async () => {
  fixture = bundleSource('test/conformance/fixture-server.ts');
  server = await serveFixtureHttp('legacy', 0);
  hub = await runHub({
    mcpServers: {
      http: { url: `http://127.0.0.1:${String(at(server.address(), 'port'))}/mcp` },
      stdio: { command: process.execPath, args: [fixture.file, '--transport', 'stdio', '--era', 'modern'] },
    },
  });
  const first = await RawClient.connect(hub.url, 'legacy');
  await first.request('tools/list');
  await first.close();
  proxy = await startCuttingProxy(Number(new URL(hub.origin).port));
});
afterAll(async () => {
  await proxy.close();
  await hub.stop();
  fixture.remove();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface SdkClient {
  /** The first text of the result. */
  call(tool: string, onProgress?: (progress: number) => void): Promise<unknown>;
  asked(): number;
  close(): Promise<void>;
}

const INFO = { name: 'test', version: '1' };
const CAPABILITIES = { capabilities: { elicitation: {} } };
const ANSWER = { action: 'accept' as const, content: { response: 'Ada' } };
const ARGUMENTS = { message: 'Your name?' };
/** The text of a result's only block. */
function textOf(result: unknown): unknown {
  const content = at(result, 'content');
  return Array.isArray(content) ? at(content[0], 'text') : undefined;
}
const target = (): URL => new URL(`${proxy.origin}/mcp`);

async function viaSdk1(): Promise<SdkClient> {
  const client = new Sdk1(INFO, CAPABILITIES);
  let asked = 0;
  client.setRequestHandler(ElicitRequestSchema, () => {
    asked += 1;
    return ANSWER;
  });
  const transport = new Http1(target());
  // The SDK declares its own classes more loosely than this project checks its types.
  await client.connect(transport as never);
  return {
    asked: () => asked,
    async call(name, onProgress) {
      const onprogress = ({ progress }: { progress: number }): void => onProgress?.(progress);
      return textOf(await client.callTool({ name, arguments: ARGUMENTS }, CallToolResultSchema, { onprogress }));
    },
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

async function viaSdk2(): Promise<SdkClient> {
  const client = new Sdk2(INFO, { ...CAPABILITIES, versionNegotiation: { mode: 'legacy' } });
  let asked = 0;
  client.setRequestHandler('elicitation/create', () => {
    asked += 1;
    return ANSWER;
  });
  const transport = new Http2(target());
  await client.connect(transport);
  return {
    asked: () => asked,
    async call(name, onProgress) {
      const onprogress = ({ progress }: { progress: number }): void => onProgress?.(progress);
      return textOf(await client.callTool({ name, arguments: ARGUMENTS }, { onprogress }));
    },
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

const ALL = [0, 50, 100];

describe.each([
  // SDK 1 loses progress that arrives in one chunk with the result.
  ['SDK 1.x', viaSdk1, [ALL, [0, 50], [0]]],
  ['SDK 2.x', viaSdk2, [ALL]],
])('a client of %s whose connection breaks', (_, connect, possible) => {
  it.each(['http', 'stdio'])('comes back for progress and the answer of %s', async (name) => {
    const client = await connect();
    const progress: number[] = [];
    const before = proxy.cuts;
    proxy.cutBefore('"progress":50');
    const text = await client.call(`${name}__test_tool_with_progress`, (value) => progress.push(value));
    await client.close();
    expect(proxy.cuts).toBe(before + 1);
    expect(text).toMatch(/^\w/);
    expect(possible).toContainEqual(progress);
  });

  it.each(['http', 'stdio'])('comes back for a question of %s', async (name) => {
    const client = await connect();
    const before = proxy.cuts;
    proxy.cutBefore('"elicitation/create"');
    const text = await client.call(`${name}__test_elicitation`);
    const asked = client.asked();
    await client.close();
    expect([proxy.cuts, asked]).toEqual([before + 1, 1]);
    expect(text).toBe('User response: action=accept, content={"response":"Ada"}');
  });
});

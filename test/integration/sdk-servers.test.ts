import { join } from 'node:path';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FixtureEra, serveFixtureHttp } from '../conformance/fixture/http.ts';
import { type LegacyHttpFixture, startLegacyHttp } from '../fixtures/http/legacy-http.ts';
import { type ModernHttpFixture, startModernHttp, tool } from '../fixtures/http/modern-http.ts';
import { at, CLIENT_ERAS, connectClient } from '../support/era-pairs.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';

const ERAS: readonly FixtureEra[] = ['legacy', 'modern', 'both'];
const ROOT = join(import.meta.dirname, '../..');

const portOf = (server: Server): number => Number(at(server.address(), 'port'));

function stdio(era: FixtureEra): object {
  const args = [join(ROOT, 'build/run-ts.mjs'), join(ROOT, 'test/conformance/fixture-server.ts'), '--transport', 'stdio', '--era', era];
  return { command: process.execPath, args };
}

const https: Server[] = [];
let old: LegacyHttpFixture;
let fresh: ModernHttpFixture;
let hub: RunningHub;
beforeAll(async () => {
  for (const era of ERAS) https.push(await serveFixtureHttp(era, 0));
  old = await startLegacyHttp();
  old.offer.pages = [['größe']];
  fresh = await startModernHttp();
  fresh.tools = [tool('größe', { ort: { type: 'string', 'x-mcp-header': 'Ort' } })];
  const remote = ERAS.map((era, index) => [`${era}http`, { url: `http://127.0.0.1:${portOf(https[index] as Server)}/mcp` }] as const);
  const local = ERAS.map((era) => [`${era}stdio`, stdio(era)] as const);
  const mcpServers = { ...Object.fromEntries([...remote, ...local]), old: { url: old.url }, fresh: { url: fresh.url } };
  hub = await runHub({ mcpServers, startupWait: 20_000 });
});
afterAll(async () => {
  await hub.stop();
  await old.close();
  await fresh.close();
  for (const server of https) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe.each(CLIENT_ERAS)('a %s client', (clientEra) => {
  describe.each(ERAS.flatMap((era) => [`${era}http`, `${era}stdio`]))('and the SDK server %s', (name) => {
    it('has everything that the server offers', async () => {
      const { client, close } = await connectClient(hub.url, clientEra);
      const own = (tool: string) => `${name}__${tool}`;
      const tools = (await client.listTools()).tools.filter((listed) => listed.name.startsWith(own('')));
      expect(tools.length).toBeGreaterThan(15);
      const image = await client.callTool({ name: own('test_image_content') });
      expect(image.content[0]).toMatchObject({ type: 'image', mimeType: 'image/png' });
      const failed = await client.callTool({ name: own('test_error_handling') });
      expect(failed).toMatchObject({ isError: true, content: [{ text: 'This tool intentionally returns an error for testing' }] });
      const told: number[] = [];
      await client.callTool({ name: own('test_tool_with_progress') }, { onprogress: ({ progress }) => void told.push(progress) });
      expect(told).toEqual([0, 50, 100]);
      const args = { arg1: 'one', arg2: 'two' };
      const prompt = await client.getPrompt({ name: own('test_prompt_with_arguments'), arguments: args });
      expect(JSON.stringify(prompt.messages)).toContain("arg1='one', arg2='two'");
      const binary = await client.readResource({ uri: `${name}__test://static-binary` });
      expect(binary.contents[0]).toMatchObject({ mimeType: 'image/png', blob: expect.any(String) as unknown });
      await close();
    });
  });

  it.each(['old', 'fresh'])('calls a tool whose name has letters beyond ASCII, on both endpoints (%s)', async (server) => {
    for (const path of ['/mcp', `/mcp/${server}`]) {
      const { client, close } = await connectClient(hub.origin + path, clientEra);
      const names = (await client.listTools()).tools.map(({ name }) => name);
      const name = path === '/mcp' ? names.find((listed) => listed.startsWith(`${server}__`)) : names[0];
      const { content } = await client.callTool({ name: name ?? '', arguments: { ort: 'Köln' } });
      expect(String(at(content[0], 'text'))).toContain('Köln');
      await close();
    }
    expect(JSON.stringify([old.offer.calls.at(-1), fresh.seen.at(-1)?.body])).toContain('größe');
  });
});

it('all of them are connected', async () => {
  const health: unknown = await (await fetch(`${hub.origin}/api/health`)).json();
  const servers = at(health, 'servers') as { name: string; status: string; error: string | null }[];
  expect(servers.filter(({ status, error }) => status !== 'connected' || error !== null)).toEqual([]);
});

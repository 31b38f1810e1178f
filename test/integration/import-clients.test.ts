import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientIds } from '../../src/cli/clients/client.ts';
import { findServers, planImport } from '../../src/cli/clients/import-plan.ts';
import { clientNamed } from '../../src/cli/clients/table.ts';
import { editServers } from '../../src/config/index.ts';
import { type Home, makeHome, sample } from '../cli/clients/samples.ts';
import { type ModernHttpFixture, startModernHttp } from '../fixtures/http/modern-http.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { runHub, type RunningHub } from '../support/in-process-hub.ts';
import { RawClient } from '../support/raw-client.ts';

/** The environment that the client ran in, and the hub runs in. */
const env = { PEEK: 'seen', PEEK_VALUE: 'seen', TOKEN: 'tok', MCP_HUB_ENV: '{"input:peek": "seen"}' };

let remote: ModernHttpFixture;
let at: Home;
let hub: RunningHub | undefined;
beforeAll(async () => {
  remote = await startModernHttp();
});
afterAll(() => remote.close());
beforeEach(async () => {
  at = await makeHome();
});
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
  await at.remove();
});

/** Puts the client's config where the client has it, and imports it as the command does. */
async function imported(id: string): Promise<object> {
  const client = clientNamed(id);
  const path = client?.places(at.machine)[0]?.path;
  if (!client || path === undefined) throw new Error(id);
  const text = await readFile(sample(`live/${id}.${client.format === 'toml' ? 'toml' : 'json'}`), 'utf8');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(
    path,
    text.replaceAll('@NODE@', process.execPath).replaceAll('@ECHO@', fixtureServer('echo')).replaceAll('@URL@', remote.url),
  );
  const found = await findServers(client, at.machine);
  const steps = planImport({ found, present: {}, servers: [], onClash: 'skip', machine: at.machine, ports: [] });
  const edits = steps.map(({ as = '', entry = {} }) => ({ kind: 'set' as const, name: as, entry }));
  return JSON.parse(editServers('mcp-servers.json', '', edits));
}

describe('a hub with the servers of', () => {
  it.each(clientIds)('%s starts them as the client did', async (id) => {
    const asked = remote.seen.length;
    hub = await runHub(await imported(id), env);
    const client = await RawClient.connect(hub.url, 'modern');
    const { response: list } = await client.request('tools/list');
    const own = id === 'claude-desktop' ? [] : ['remote__echo', 'remote__slow', 'remote__routed'];
    expect(list).toMatchObject({ result: { tools: expect.any(Array) } });
    expect(namesIn(list)).toEqual(['local__echo', 'local__add', 'local__env-peek', ...own]);
    const { response: peeked } = await client.request('tools/call', { name: 'local__env-peek', arguments: { name: 'PEEK' } });
    expect(peeked).toMatchObject({ result: { content: [{ type: 'text', text: '"seen"' }] } });
    const tokens = remote.seen.slice(asked).map(({ headers }) => headers['x-token']);
    expect(new Set(tokens)).toEqual(new Set(own.length > 0 ? ['tok'] : []));
    await client.close();
  });
});

function namesIn(list: unknown): unknown[] {
  const text = JSON.stringify(list);
  const { result }: { result: { tools: { name: string }[] } } = JSON.parse(text);
  return result.tools.map(({ name }) => name);
}

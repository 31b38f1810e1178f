import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/protocol/index.ts';
import { at } from '../../support/era-pairs.ts';
import { type Cell, openMatrix } from '../../support/matrix.ts';
import { newMark } from '../../support/matrix-questions.ts';
import type { WireClient } from '../../support/wire-client.ts';

const feature = openMatrix();
const UPDATED = 'notifications/resources/updated';
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

/** Params of what was told under a method, without the id of the listening request. */
function told({ changes }: WireClient, method: string): JsonObject[] {
  return changes
    .filter((change) => change['method'] === method)
    .map(({ params }) => {
      const { _meta: meta, ...rest } = (params ?? {}) as JsonObject;
      const { [SUBSCRIPTION]: _id, ...others } = (meta ?? {}) as JsonObject;
      return Object.keys(others).length === 0 ? rest : { ...rest, _meta: others };
    });
}

const touch = (client: WireClient, name: string, uri: string) => client.call('tools/call', { name, arguments: { uri } });

/** What the server behind the hub is asked to tell of now, in the words of its era. */
async function wantedUpstream(cell: Cell, uri: string): Promise<number> {
  if (cell.era === 'modern') {
    const filter = at((await cell.recorded('subscriptions/listen')).at(-1)?.['params'], 'notifications', 'resourceSubscriptions');
    return Array.isArray(filter) ? filter.filter((wanted) => wanted === uri).length : 0;
  }
  const count = async (method: string) => (await cell.recorded(method)).filter(({ params }) => at(params, 'uri') === uri).length;
  return (await count('resources/subscribe')) - (await count('resources/unsubscribe'));
}

feature('subscribe', (cell) => {
  it('an update comes once, with the URI that the client knows and all its fields, until it is not wanted any more', async () => {
    const uri = cell.uri('one');
    const { viaHub, direct } = await cell.both(async (client, own) => {
      const stop = await client.listen({ uris: [uri] });
      await touch(client, own('touch'), cell.uri('two'));
      await touch(client, own('touch'), uri);
      await expect.poll(() => told(client, UPDATED).length).toBe(1);
      await stop();
      await expect.poll(() => (client.era === cell.clientEra ? wantedUpstream(cell, uri) : 0)).toBe(0);
      await touch(client, own('touch'), uri);
      await client.call('tools/call', { name: own('logs'), arguments: {} });
      return told(client, UPDATED);
    });
    expect(direct).toEqual([{ uri, 'x-new': 1, _meta: { 'example.org/cause': 'touch' } }]);
    expect(viaHub).toEqual(direct);
  });

  it('two clients have one subscription at the server, and are told once each', async () => {
    const uri = cell.uri('two');
    const clients = [await cell.viaHub(), await cell.viaHub()];
    const stops: (() => Promise<void>)[] = [];
    for (const client of clients) stops.push(await client.listen({ uris: [uri] }));
    expect(await wantedUpstream(cell, uri)).toBe(1);
    const counts = () => clients.map((client) => told(client, UPDATED).length);
    const caller = await cell.viaHub();
    await touch(caller, cell.own('touch'), uri);
    await expect.poll(counts).toEqual([1, 1]);
    await stops[0]?.();
    await expect.poll(() => wantedUpstream(cell, uri)).toBe(1);
    await touch(caller, cell.own('touch'), uri);
    await expect.poll(counts).toEqual([1, 2]);
    await stops[1]?.();
    await expect.poll(() => wantedUpstream(cell, uri)).toBe(0);
    expect(counts()).toEqual([1, 2]);
    expect(caller.changes).toEqual([]);
  });

  it('only by the methods of the revision', async () => {
    const client = await cell.viaHub();
    // Spec 2026-07-28 changelog: "Replace the HTTP GET endpoint and `resources/subscribe`/`resources/unsubscribe` with
    // `subscriptions/listen`".
    const [known, params] =
      cell.clientEra === 'modern'
        ? ['resources/subscribe', { uri: cell.uri('one') }]
        : ['subscriptions/listen', { notifications: { toolsListChanged: true } }];
    const { status, response } = await client.call(String(known), params as JsonObject);
    expect([status, at(response, 'error', 'code')]).toEqual([cell.clientEra === 'modern' ? 404 : 200, -32601]);
  });
});

const LISTS = [
  ['tools', 'name'],
  ['prompts', 'name'],
  ['resources', 'uri'],
] as const;

feature('list_changed', (cell) => {
  it.each(LISTS)('%s: the client is told, and the new list is there', async (kind, key) => {
    const added = newMark().replace(' ', '_') + cell.clientEra + cell.transport + (cell.path === '/mcp');
    const changed = `notifications/${kind}/list_changed`;
    const { viaHub, direct } = await cell.both(async (client, own) => {
      const stop = await client.listen({ [`${kind}ListChanged`]: true });
      await client.call('tools/call', { name: own('grow'), arguments: { kind, name: added } });
      await expect.poll(() => told(client, changed).length).toBeGreaterThan(0);
      const wanted = kind === 'resources' ? cell.uri(added) : own(added);
      const listed = async () => {
        const { response } = await client.call(`${kind}/list`);
        return (at(response, 'result', kind) as JsonObject[]).find((item) => item[key] === wanted);
      };
      await expect.poll(listed).toBeDefined();
      await stop();
      const others = client.changes.map(({ method }) => String(method)).filter((method) => method.includes('list_changed'));
      return { params: told(client, changed)[0], item: { ...(await listed()), [key]: added }, others: new Set(others) };
    });
    expect(viaHub.item).toEqual(direct.item);
    expect(viaHub.params ?? {}).toEqual(direct.params ?? {});
    expect(viaHub.others).toEqual(new Set([changed]));
  });

  it.runIf(cell.clientEra === 'modern')('who listens to another list hears nothing', async () => {
    const [prompts, tools] = [await cell.viaHub(), await cell.viaHub()];
    await prompts.listen({ promptsListChanged: true });
    await tools.listen({ toolsListChanged: true });
    await tools.call('tools/call', { name: cell.own('grow'), arguments: { name: newMark().replace(' ', '_') } });
    await expect.poll(() => told(tools, 'notifications/tools/list_changed').length).toBeGreaterThan(0);
    expect(prompts.changes.map(({ method }) => method)).toEqual(['notifications/subscriptions/acknowledged']);
  });
});

import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, CLIENT_ERAS, type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

type Updates = { readonly uri: string }[];

/** Listens for updates of one resource in the way of the client's era; what was told so far, and how to stop. */
async function subscribe(client: Client, era: string, uri: string): Promise<{ updates: Updates; stop(): Promise<unknown> }> {
  const updates: Updates = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updates.push(params));
  if (era === 'legacy') {
    await client.subscribeResource({ uri });
    return { updates, stop: () => client.unsubscribeResource({ uri }) };
  }
  // Spec 2026-07-28 changelog: "Replace the HTTP GET endpoint and `resources/subscribe`/`resources/unsubscribe` with
  // `subscriptions/listen`".
  const subscription = await client.listen({ resourceSubscriptions: [uri] });
  expect(subscription.honoredFilter).toEqual({ resourceSubscriptions: [uri] });
  return { updates, stop: () => subscription.close() };
}

describe.each(CLIENT_ERAS)('a %s client', (clientEra) => {
  describe.each(SERVERS)('and the $era server over $transport', ({ name, era, transport }) => {
    describe.each(['/mcp', `/mcp/${name}`])('at %s', (path) => {
      const own = (item: string): string => (path === '/mcp' ? `${name}__${item}` : item);
      const client = () => pairs.client(clientEra, path);
      const recorded = (method: string) => pairs.recorded(name, method);

      /** How often the server was told that a resource is not wanted any more, in the words of its era. */
      const serverTold = async (): Promise<number> => {
        if (era === 'legacy') return (await recorded('resources/unsubscribe')).length;
        const filters = (await recorded('subscriptions/listen')).map(({ params }) => at(params, 'notifications', 'resourceSubscriptions'));
        return filters.filter((filter, index) => filter === undefined && filters[index - 1] !== undefined).length;
      };

      it('hears of an update of the resource that it subscribed to, until it does not want to any more', async () => {
        const uri = `test://${name}/one`;
        const touch = (what: string) => client().callTool({ name: own('touch'), arguments: { uri: what } });
        const before = await serverTold();
        const { updates, stop } = await subscribe(client(), clientEra, uri);
        await touch(`test://${name}/two`);
        await touch(uri);
        await expect.poll(() => updates.length).toBe(1);
        expect(updates[0]).toMatchObject({ uri, _meta: { 'example.org/cause': 'touch' } });
        await stop();
        await expect.poll(serverTold).toBe(before + 1);
        await touch(uri);
        await client().callTool({ name: own('echo') });
        expect(updates).toHaveLength(1);
      });

      it('hears of a tool that was added, and finds it in the list', async () => {
        const added = `grown_${clientEra}_${transport}_${path === '/mcp' ? 'all' : 'one'}`;
        let changes = 0;
        client().setNotificationHandler('notifications/tools/list_changed', () => void (changes += 1));
        const listening = clientEra === 'modern' ? await client().listen({ toolsListChanged: true }) : undefined;
        await client().callTool({ name: own('grow'), arguments: { name: added } });
        await expect.poll(() => changes).toBeGreaterThan(0);
        await expect.poll(async () => (await client().listTools()).tools.map((tool) => tool.name)).toContain(own(added));
        await listening?.close();
      });
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

describe.each(SERVERS)('a resource of the $era server over $transport', ({ name }) => {
  it('may have changed while its server was restarted, and all who watch it are told so', async () => {
    const uri = `test://${name}/two`;
    const told: string[] = [];
    const clients = await Promise.all([connectClient(pairs.hub.url, 'legacy'), connectClient(pairs.hub.url, 'modern')]);
    const [legacy, modern] = clients;
    for (const [who, { client }] of Object.entries({ legacy, modern }))
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => void told.push(`${who} ${params.uri}`));
    await legacy.client.subscribeResource({ uri });
    await modern.client.listen({ resourceSubscriptions: [uri] });
    const restarted = await fetch(`${pairs.hub.origin}/api/servers/restart`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ server_name: name }),
    });
    expect(restarted.status).toBe(200);
    await expect.poll(() => told.toSorted()).toEqual([`legacy ${uri}`, `modern ${uri}`]);
    for (const { close } of clients) await close();
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';

const META = { baggage: 'userId=ada', 'example.org/unknown': { deep: [1, null] } };

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

it('passes an unknown notification of a legacy client, with its _meta, to a legacy server and no other', async () => {
  for (const { name } of SERVERS) {
    await pairs.raw('legacy', `/mcp/${name}`).request('notifications/example/custom', { n: 1 }, { meta: META });
  }
  for (const { name, era } of SERVERS) {
    const params = async () => (await pairs.recorded(name, 'notifications/example/custom')).map((message) => message.params);
    await expect.poll(params).toEqual(era === 'legacy' ? [{ n: 1, _meta: META }] : []);
  }
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, CLIENT_ERAS, type Pairs, SERVERS, startPairs } from '../support/era-pairs.ts';

const META = 'io.modelcontextprotocol/';
/** Spec 2026-07-28 basic/index, "_meta": the keys of W3C Trace Context, and one that nobody knows. */
const trace = (who: string) => ({
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01',
  tracestate: 'vendor=t61rcWkgMzE',
  baggage: `userId=${who}`,
  'example.org/unknown': { deep: [1, null] },
});

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs();
});
afterAll(() => pairs.stop());

it('passes an unknown notification of a legacy client, with its _meta, to a legacy server and no other', async () => {
  for (const { name } of SERVERS) {
    await pairs.raw('legacy', `/mcp/${name}`).request('notifications/example/custom', { n: 1 }, { meta: trace('notification') });
  }
  for (const { name, era } of SERVERS) {
    const params = async () => (await pairs.recorded(name, 'notifications/example/custom')).map((message) => message.params);
    await expect.poll(params).toEqual(era === 'legacy' ? [{ n: 1, _meta: trace('notification') }] : []);
  }
});

describe.each(CLIENT_ERAS)('trace context of a %s client', (clientEra) => {
  it.each(SERVERS)('passes both ways with $name: request, progress, log message and result', async ({ name }) => {
    const given = trace(`client of ${name}`);
    const answered = trace(`server ${name}`);
    const client = pairs.raw(clientEra, `/mcp/${name}`);
    const meta = { ...given, progressToken: 'tok', ...(clientEra === 'modern' && { [`${META}logLevel`]: 'error' }) };
    const { notes, response } = await client.request('tools/call', { name: 'traced', arguments: { trace: answered } }, { meta });
    const calls = await pairs.recorded(name, 'tools/call');
    const seen = calls.findLast(({ params }) => at(params, '_meta', 'baggage') === given.baggage);
    expect(seen?.params['_meta']).toMatchObject(given);
    expect(notes.map(({ method, params }) => [method, at(params, '_meta')])).toEqual([
      ['notifications/progress', answered],
      ['notifications/message', answered],
    ]);
    expect(at(response, 'result', '_meta')).toMatchObject(answered);
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, CLIENT_ERAS, connectClient } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { type RawAnswer, RawClient } from '../support/raw-client.ts';

const CLIENTS = 50;
const CALLS_EACH = 40;
/** How many calls one client has in flight. */
const AT_ONCE = 4;
const STEPS = 2;

let hub: RunningHub;
beforeAll(async () => {
  hub = await runHub({ mcpServers: { shared: fixture('answers-late.mjs') } });
});
afterAll(() => hub.stop());

const eraOf = (index: number) => CLIENT_ERAS[index % 2] ?? 'legacy';

/** Everything that came to the wrong place in one answer. */
function strays({ response, notes }: RawAnswer, said: string, id: number, token: string | number): unknown[] {
  const isOwn =
    at(response, 'id') === id && JSON.stringify(at(response, 'result', 'content')) === JSON.stringify([{ type: 'text', text: said }]);
  const own = (note: unknown): boolean => at(note, 'params', 'progressToken') === token && at(note, 'params', 'message') === said;
  const order = notes.map((note) => at(note, 'params', 'progress'));
  return [
    ...(isOwn ? [] : [response]),
    ...notes.filter((note) => !own(note)),
    ...(order.length === STEPS && order.every((progress, index) => progress === index + 1) ? [] : [{ said, order }]),
  ];
}

it('no answer and no progress of 2,000 calls reaches the wrong one of 50 clients, whose ids and tokens are all the same', async () => {
  const pids = new Set<unknown>();
  const wrong: unknown[] = [];
  let calls = 0;
  const run = async (index: number): Promise<void> => {
    const client = await RawClient.connect(hub.url, eraOf(index));
    const who = `client ${index}`;
    const oneLine = async (line: number): Promise<void> => {
      for (let n = line; n < CALLS_EACH; n += AT_ONCE) {
        // Legacy ids must differ within a session; between clients they are all the same, and so are the tokens.
        const token = n % 2 === 0 ? n : `token ${n}`;
        const args = { who, n, steps: STEPS };
        const params = { name: 'shared__repeat', arguments: args };
        const answer = await client.request('tools/call', params, { id: n, meta: { progressToken: token } });
        wrong.push(...strays(answer, `${who} ${n}`, n, token));
        pids.add(at(answer.response, 'result', 'structuredContent', 'pid'));
        calls += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, line) => oneLine(line)));
    await client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => run(index)));
  expect(wrong).toEqual([]);
  expect(calls).toBe(CLIENTS * CALLS_EACH);
  expect(pids.size).toBe(1);
  expect([...pids][0]).toEqual(expect.any(Number));
});

it('SDK clients of both eras, which count their ids and tokens alike, get their own', async () => {
  const run = async (index: number): Promise<void> => {
    const { client, close } = await connectClient(hub.url, eraOf(index));
    for (let n = 0; n < 5; n += 1) {
      const told: (string | undefined)[] = [];
      const options = { onprogress: ({ message }: { message?: string | undefined }) => void told.push(message) };
      const result = await client.callTool({ name: 'shared__repeat', arguments: { who: `sdk ${index}`, n, steps: STEPS } }, options);
      expect(result.content).toEqual([{ type: 'text', text: `sdk ${index} ${n}` }]);
      // How many there are is proven above: this SDK may drop progress that arrives in one piece with the answer.
      expect(told.filter((message) => message !== `sdk ${index} ${n}`)).toEqual([]);
    }
    await close();
  };
  await Promise.all(Array.from({ length: 10 }, (_, index) => run(index)));
});

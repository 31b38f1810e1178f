import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { AnsweringClient, type Called } from '../support/answering-client.ts';
import { at } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

const CLIENTS = 50;
const CALLS = 10_000;
/** How many calls one client has in flight. */
const AT_ONCE = 2;
/** The processes beside the main one; far fewer than clients, so that most of them wait in line. */
const MAX_CONNECTIONS = 12;

let hub: RunningHub;
beforeAll(async () => {
  hub = await runHub({ mcpServers: { one: { ...fixture('asks-back.mjs'), maxConnections: MAX_CONNECTIONS } } });
});
afterAll(() => hub.stop());

const eraOf = (index: number) => (index % 2 === 1 ? 'modern' : 'legacy');

interface Seen {
  readonly wrong: unknown[];
  refused: number;
  calls: number;
  asked: number;
}

/** A client whose every answer holds its own secret, and that takes note of what is not its own. */
async function secretive(index: number, seen: Seen): Promise<{ client: AnsweringClient; run: (calls: number) => Promise<void> }> {
  const secret = `secret of ${index}`;
  const mine = (nonce: unknown): boolean => typeof nonce === 'string' && nonce.startsWith(`nonce of ${index} `);
  const client = await AnsweringClient.connect(hub.url, {
    era: eraOf(index),
    answer: (method, params) => {
      seen.asked += 1;
      const nonce = method === 'elicitation/create' ? params['message'] : at(Object(params['messages'])[0], 'content', 'text');
      if (!mine(nonce)) seen.wrong.push({ index, method, params });
      if (method === 'elicitation/create') return { action: 'accept', content: { answer: `${secret} ${String(nonce)}` } };
      return { role: 'assistant', model: 'm', content: { type: 'text', text: `${secret} ${String(nonce)}` } };
    },
  });
  const check = ({ response, facts, notes }: Called, id: number, nonce: string): void => {
    seen.calls += 1;
    if (JSON.stringify(response).includes('which of their clients')) {
      seen.refused += 1;
      return;
    }
    const said = `${secret} ${nonce}`;
    const isOwn =
      response['id'] === id &&
      facts['nonce'] === nonce &&
      at(facts, 'elicited', 'result', 'content', 'answer') === said &&
      at(facts, 'sampled', 'result', 'content', 'text') === said;
    if (!isOwn) seen.wrong.push({ index, response });
    // What may be lost is the progress of a modern call that stood still meanwhile; what comes must be its own.
    const strays = notes.filter((note) => at(note, 'params', 'progressToken') !== id || at(note, 'params', 'message') !== nonce);
    seen.wrong.push(...strays);
    if (eraOf(index) === 'legacy' && notes.length !== 3) seen.wrong.push({ index, notes });
  };
  const run = async (calls: number): Promise<void> => {
    const line = async (first: number): Promise<void> => {
      // Ids and tokens of all clients are the same.
      for (let id = first; id < calls; id += AT_ONCE) {
        const nonce = `nonce of ${index} ${id}`;
        check(await client.call('one__ask', { nonce } satisfies JsonObject, id, id), id, nonce);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => line(first)));
    await client.close();
  };
  return { client, run };
}

it(`nothing of ${CALLS} calls that ask reaches the wrong one of ${CLIENTS} clients of one stdio server`, { timeout: 400_000 }, async () => {
  const learning: Seen = { wrong: [], refused: 0, calls: 0, asked: 0 };
  const first = await secretive(CLIENTS, learning);
  await first.run(2);
  expect(learning).toMatchObject({ wrong: [], refused: 0, calls: 2 });

  const seen: Seen = { wrong: [], refused: 0, calls: 0, asked: 0 };
  const clients = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => secretive(index, seen)));
  await Promise.all(clients.map(({ run }) => run(CALLS / CLIENTS)));
  expect(seen.wrong.slice(0, 5)).toEqual([]);
  expect(seen).toMatchObject({ wrong: [], refused: 0, calls: CALLS, asked: 2 * CALLS });
});

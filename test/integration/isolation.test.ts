import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { AnsweringClient, type AnsweringOptions, type Answerer } from '../support/answering-client.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

let hub: RunningHub;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-isolation-'));
  hub = await runHub({
    mcpServers: {
      fresh: fixture('asks-back.mjs'),
      alone: fixture('asks-back.mjs'),
      auto: fixture('asks-back.mjs'),
      calm: fixture('asks-back.mjs'),
      shared: { ...fixture('asks-back.mjs'), isolation: 'shared' },
      session: { ...fixture('asks-back.mjs'), isolation: 'session' },
      tight: { ...fixture('asks-back.mjs'), isolation: 'session', maxConnections: 1, requestTimeout: 1_500 },
      once: fixture('asks-back.mjs', '--once', join(folder, 'runs')),
      rooted: fixture('asks-back.mjs', '--roots'),
      apart: { ...fixture('asks-back.mjs', '--roots'), isolation: 'session' },
    },
  });
  await (await client('first')).close();
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

const answersOf =
  (name: string): Answerer =>
  (method) => {
    if (method === 'elicitation/create') return { action: 'accept', content: { answer: name } };
    if (method === 'roots/list') return { roots: [{ uri: `file:///${name}` }] };
    return { role: 'assistant', model: 'm', content: { type: 'text', text: name } };
  };

async function client(name: string, options: AnsweringOptions = {}): Promise<AnsweringClient> {
  const connected = await AnsweringClient.connect(hub.url, { answer: answersOf(name), ...options });
  await connected.call('calm__plain', { nonce: 'the hub is ready' });
  return connected;
}

const own = (name: string): object => ({
  elicited: { result: { action: 'accept', content: { answer: name } } },
  sampled: { result: { content: { type: 'text', text: name } } },
});
const textOf = ({ response }: { response: JsonObject }): string => JSON.stringify(response);

describe('auto', () => {
  it('keeps everybody on one process as long as nothing is asked', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    const calls = [ada, bob, ada, bob].map((who, n) => who.call('calm__plain', { nonce: n, pauseMs: 20 }, n));
    const pids = new Set((await Promise.all(calls)).map(({ facts }) => facts['pid']));
    expect(pids.size).toBe(1);
    await Promise.all([ada.close(), bob.close()]);
  });

  it('lets a client that is alone be asked on that process, with several calls at once', async () => {
    const ada = await client('ada');
    const [plain, ...asked] = await Promise.all([
      ada.call('alone__plain', { pauseMs: 30 }, 1),
      ada.call('alone__ask', { nonce: 'a', pauseMs: 20 }, 2),
      ada.call('alone__ask', { nonce: 'b', pauseMs: 20 }, 3),
    ]);
    for (const { facts } of asked) expect(facts).toMatchObject({ ...own('ada'), pid: plain?.facts['pid'] });
    await ada.close();
  });

  it('goes on with a server that runs only once, where only what asks cannot be served', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    const { facts } = await ada.call('once__plain', { nonce: 'a' }, 1);
    await Promise.all([ada, bob].map((who) => who.call('once__ask', { nonce: 'n', pauseMs: 50 }, 2)));
    expect(textOf(await ada.call('once__ask', { nonce: 'n' }, 3))).toContain('needs a connection of its own');
    expect((await ada.call('once__plain', { nonce: 'b' }, 4)).facts).toMatchObject({ nonce: 'b', pid: facts['pid'] });
    await Promise.all([ada.close(), bob.close()]);
  });

  it('refuses what is ambiguous, learns from it, and is not in doubt again', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    const both = (id: number) => [ada, bob].map((who) => who.call('fresh__ask', { nonce: 'n', pauseMs: 50 }, id));
    const first = await Promise.all(both(1));
    expect(first.map(textOf).join(' ')).toContain('which of their clients is meant');
    expect([...ada.asked, ...bob.asked].length).toBeLessThan(4);
    const [one, two] = await Promise.all(both(2));
    expect(one?.facts).toMatchObject(own('ada'));
    expect(two?.facts).toMatchObject(own('bob'));
    expect(one?.facts['pid']).not.toBe(two?.facts['pid']);
    await Promise.all([ada.close(), bob.close()]);
  });

  it('moves a session to a connection of its own once, for all its calls, and ends that with the session', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    const main = (await bob.call('auto__plain')).facts['pid'];
    expect((await ada.call('auto__plain')).facts['pid']).toBe(main);
    expect((await ada.call('auto__ask', { nonce: 'learn' })).facts).toMatchObject(own('ada'));
    const apart = (await ada.call('auto__ask', { nonce: 'n' })).facts;
    expect(apart).toMatchObject(own('ada'));
    expect(apart['pid']).not.toBe(main);
    expect((await ada.call('auto__plain')).facts['pid']).toBe(apart['pid']);
    expect((await bob.call('auto__plain')).facts['pid']).toBe(main);
    await ada.close();
    await expect.poll(() => isAlive(Number(apart['pid']))).toBe(false);
    expect((await bob.call('auto__plain')).facts['pid']).toBe(main);
    await bob.close();
  });
});

describe('shared', () => {
  it('stays on one process and refuses what is ambiguous, every time', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    for (const id of [1, 2]) {
      const both = await Promise.all([ada, bob].map((who) => who.call('shared__ask', { nonce: 'n', pauseMs: 50 }, id)));
      expect(both.map(textOf).join(' ')).toContain('which of their clients is meant');
      expect(new Set(both.map(({ facts }) => facts['pid'])).size).toBe(1);
    }
    await Promise.all([ada.close(), bob.close()]);
  });
});

describe('session', () => {
  it('gives every session its own process, and modern calls a spare one each', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    const modern = await client('eve', { era: 'modern' });
    const pidsOf = async (): Promise<unknown[]> => {
      const all = [ada, bob, modern, modern].map((who, id) => who.call('session__plain', { pauseMs: 50 }, id));
      return (await Promise.all(all)).map(({ facts }) => facts['pid']);
    };
    const [first, second] = [await pidsOf(), await pidsOf()];
    expect(new Set(first).size).toBe(4);
    expect(second.slice(0, 2)).toEqual(first.slice(0, 2));
    expect(new Set(second.slice(2))).toEqual(new Set(first.slice(2)));
    await Promise.all([ada.close(), bob.close(), modern.close()]);
  });

  it('loses with a process only the calls of its client, and starts it again when that calls again', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    const before = (await ada.call('session__plain')).facts['pid'];
    const running = bob.call('session__plain', { nonce: 'kept', pauseMs: 200 });
    expect(textOf(await ada.call('session__die'))).toContain('exited');
    expect((await running).facts).toMatchObject({ nonce: 'kept' });
    const after = (await ada.call('session__plain')).facts['pid'];
    expect(after).toEqual(expect.any(Number));
    expect(after).not.toBe(before);
    await Promise.all([ada.close(), bob.close()]);
  });

  it('makes calls wait in line for a connection, and names the setting when none becomes free', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    await ada.call('tight__plain');
    const waiting = bob.call('tight__plain', { nonce: 'late' });
    const [refused] = await Promise.all([bob.call('tight__plain', {}, 2), waiting]);
    expect(textOf(refused ?? { response: {} })).toContain('maxConnections');
    const again = bob.call('tight__plain', { nonce: 'late' });
    await ada.close();
    expect((await again).facts).toMatchObject({ nonce: 'late' });
    await bob.close();
  });
});

describe('roots outside of calls', () => {
  const known = async (who: AnsweringClient, server: string): Promise<unknown> => (await who.call(`${server}__known_roots`)).facts['roots'];
  const uris = (...names: string[]): object[] => names.map((name) => ({ uri: `file:///${name}` }));

  it('are those of all sessions that listen, and follow them', async () => {
    const [ada, bob, mute] = [await client('ada'), await client('bob'), await client('mute')];
    expect(await known(mute, 'rooted')).toEqual([]);
    await ada.listen();
    await expect.poll(() => known(mute, 'rooted')).toEqual(uris('ada'));
    await bob.listen();
    await expect.poll(() => known(mute, 'rooted')).toEqual(uris('ada', 'bob'));
    expect(ada.asked).toHaveLength(1);
    await ada.notify('notifications/roots/list_changed');
    await expect.poll(() => ada.asked.length).toBe(2);
    await ada.close();
    await expect.poll(() => known(mute, 'rooted')).toEqual(uris('bob'));
    expect(mute.asked).toEqual([]);
    await Promise.all([bob.close(), mute.close()]);
  });

  it('are those of the session on a connection of its own', async () => {
    const [ada, bob] = [await client('ada'), await client('bob')];
    await Promise.all([ada.listen(), bob.listen()]);
    for (const [who, name] of [
      [ada, 'ada'],
      [bob, 'bob'],
    ] as const)
      await expect.poll(() => known(who, 'apart')).toEqual(uris(name));
    await Promise.all([ada.close(), bob.close()]);
  });
});

it('progress on an answer reaches the server with its own token', async () => {
  const ada: AnsweringClient = await client('ada', {
    answer: async (_, { _meta }, self) => {
      const token = (_meta as JsonObject)['progressToken'] ?? null;
      expect(token).not.toBe('token of x');
      await self.notify('notifications/progress', { progressToken: token, progress: 1, message: 'thinking' });
      await self.notify('notifications/progress', { progressToken: 'somebody else', progress: 1 });
      return { role: 'assistant', model: 'm', content: { type: 'text', text: 'done' } };
    },
  });
  const { facts } = await ada.call('alone__sample_with_progress', { nonce: 'x' });
  expect(facts['progressSeen']).toEqual([{ progressToken: 'token of x', progress: 1, message: 'thinking' }]);
  await ada.close();
});

it('the end of a visit to a URL reaches the session that was sent there, after its call, and no other', async () => {
  const [ada, bob] = [await client('ada'), await client('bob')];
  await Promise.all([ada.listen(), bob.listen()]);
  expect((await ada.call('calm__visit', { nonce: 'visit-1' })).facts).toMatchObject({ visited: { result: { action: 'accept' } } });
  await bob.call('calm__complete', { nonce: 'visit-1' });
  const told = expect.objectContaining({ method: 'notifications/elicitation/complete', params: { elicitationId: 'visit-1' } }) as object;
  await expect.poll(() => ada.heard).toContainEqual(told);
  expect(bob.heard).not.toContainEqual(told);
  await Promise.all([ada.close(), bob.close()]);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Expected: ESRCH, the process is gone.
    return false;
  }
}

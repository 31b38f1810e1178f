import { afterEach, describe, expect, it } from 'vitest';
import { metaKey } from '../../../src/protocol/index.ts';
import { Resumption, resumptionDelay } from '../../../src/upstream/remote/resumption.ts';
import { event, eventWithoutId, type ResumableScript, startResumable, stream } from '../../fixtures/http/resumable.ts';
import { startScriptedHttp } from '../../fixtures/http/scripted-http.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { connectTo, type Recorded, remoteLaunch, toolCall } from '../../support/remote.ts';

let server: Awaited<ReturnType<typeof startResumable>>;
let recorded: Recorded;
let clock: FakeClock;

async function start(script: ResumableScript): Promise<void> {
  clock = new FakeClock();
  server = await startResumable(script);
  recorded = await connectTo(remoteLaunch(server.url, { transport: 'http' }), { clock, requestTimeoutMs: () => 60_000 });
}

afterEach(async () => {
  await recorded.connection.close();
  await server.close();
});

const until = (check: () => boolean | Promise<boolean>): Promise<void> => eventually(async () => expect(await check()).toBe(true));
const answer = (id: unknown): object => ({ jsonrpc: '2.0', id, result: { content: [], came: 'late' } });
const progress = (progressToken: unknown, at: number): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken, progress: at },
});
const ANSWERED = { outcome: { result: { came: 'late' } } };
/** The standalone stream is refused, so that every other GET is a resumption. */
const resumptions =
  (then: NonNullable<ResumableScript['get']>): NonNullable<ResumableScript['get']> =>
  (exchange, at) =>
    at === 0 ? exchange.reply(405) : then(exchange, at);

describe('the stream of a request', () => {
  it('is polled after the delay that the server asks for when it closes the connection', async () => {
    let request: unknown;
    await start({
      call: (exchange, id) => {
        request = id;
        stream(exchange, event('p1', undefined, 500)).end();
      },
      get: resumptions((exchange, at) => {
        if (at === 1) stream(exchange, event('p2')).end();
        else stream(exchange, event('p3', answer(request))).end();
      }),
    });
    const result = recorded.connection.request(toolCall('slow'));
    const withoutDelay = clock.pending;
    for (const [gets, last] of [
      [1, 'p1'],
      [2, 'p2'],
    ] as const) {
      await until(() => clock.pending > withoutDelay && server.gets.length === gets);
      await clock.advance(499);
      expect(server.gets).toHaveLength(gets);
      await clock.advance(1);
      await until(() => server.gets.length === gets + 1);
      expect(server.gets.at(-1)).toBe(last);
    }
    expect(await result).toMatchObject(ANSWERED);
    expect(server.log.filter((method) => method === 'tools/call')).toHaveLength(1);
  });

  it('goes on where it broke, with what belongs to the request', async () => {
    let request: unknown;
    let token: unknown;
    await start({
      call: (exchange, id) => {
        request = id;
        token = (exchange.body['params'] as { _meta?: { progressToken?: unknown } })._meta?.progressToken;
        const response = stream(exchange, event('a', undefined, 100) + event('b', progress(token, 1)));
        setTimeout(() => response.destroy(), 20);
      },
      get: resumptions((exchange) => {
        stream(exchange, event('c', progress(token, 2)) + event('d', answer(request))).end();
      }),
    });
    const seen: unknown[] = [];
    const result = recorded.connection.request(
      toolCall('slow', {
        params: { name: 'slow', _meta: { progressToken: 'mine' } },
        onNotification: ({ params }) => void seen.push(params?.['progress']),
      }),
    );
    await until(() => seen.length === 1 && clock.pending > 1);
    await until(async () => {
      await clock.advance(100);
      return server.gets.length === 2;
    });
    expect(await result).toMatchObject(ANSWERED);
    expect([server.gets[1], seen]).toEqual(['b', [1, 2]]);
  });

  it('is asked for by the same id again when it breaks before an event', async () => {
    let request: unknown;
    await start({
      call: (exchange, id) => {
        request = id;
        stream(exchange, event('a', undefined, 100)).end();
      },
      get: resumptions((exchange, at) => {
        const response = stream(exchange, at === 3 ? event('b', answer(request)) : '');
        if (at < 3) setTimeout(() => response.destroy(), 10);
        else response.end();
      }),
    });
    const result = recorded.connection.request(toolCall('slow'));
    await until(async () => {
      await clock.advance(100);
      return server.gets.length === 4;
    });
    expect(await result).toMatchObject(ANSWERED);
    expect(server.gets.slice(1)).toEqual(['a', 'a', 'a']);
  });

  it('is lost at once when it had no ids', async () => {
    await start({
      call: (exchange) => {
        const response = stream(
          exchange,
          eventWithoutId({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } }),
        );
        setTimeout(() => response.destroy(), 20);
      },
      get: resumptions(() => {}),
    });
    await expect(recorded.connection.request(toolCall('slow'))).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    expect(server.gets).toHaveLength(1);
  });

  it('is given up when the server offers no GET', async () => {
    await start({ call: (exchange) => void stream(exchange, event('a', undefined, 100)).end() });
    const lost = expect(recorded.connection.request(toolCall('slow'))).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
    await until(async () => {
      await clock.advance(100);
      return server.gets.length === 2;
    });
    await lost;
  });
});

it('revision 2026-07-28 has no resumption, whatever a server sends', async () => {
  const modern = await startScriptedHttp((exchange) => {
    const { body, result, reply } = exchange;
    if (body['method'] === 'server/discover') {
      const serverInfo = { name: 'scripted', version: '0' };
      const _meta = { [metaKey.serverInfo]: serverInfo };
      result({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {}, _meta });
    } else if (body['method'] === 'tools/call') stream(exchange, event('a', undefined, 100)).end();
    else reply(405);
  });
  server = { ...modern, gets: [] };
  recorded = await connectTo(remoteLaunch(server.url, { transport: 'http' }));
  expect(recorded.connection.identity.era).toBe('modern');
  await expect(recorded.connection.request(toolCall('slow'))).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
  expect(server.log).toEqual(['server/discover', 'tools/call']);
});

it('the standalone stream goes on where it broke, also after a connection without an event', async () => {
  const log = (data: number): object => ({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } });
  await start({
    get: (exchange, at) => {
      const response = stream(exchange, at === 0 ? event('s1', log(1), 100) : at === 3 ? event('s2', log(2)) : '');
      if (at < 3) setTimeout(() => response.destroy(), 10);
    },
  });
  await until(async () => {
    await clock.advance(100);
    return recorded.logs.length === 2;
  });
  expect(server.gets).toEqual([undefined, 's1', 's1', 's1']);
});

it.each([
  [0, 100],
  [500, 500],
  [1e12, 2_147_483_647],
])('a wait of %d is one of %d', (asked, waited) => {
  expect(resumptionDelay(asked)).toBe(waited);
});

it('a stream that cannot be opened is tried in growing distances, so often and no more', async () => {
  const time = new FakeClock();
  const resumption = new Resumption(time, 3);
  const tries: number[] = [];
  const begunMs = time.now();
  const open = (): void => {
    tries.push(time.now() - begunMs);
    resumption.failed();
    if (!resumption.schedule(open)) tries.push(-1);
  };
  expect(resumption.schedule(open)).toBe(true);
  for (let n = 0; n < 100; n += 1) await time.advance(100);
  expect(tries).toEqual([1_000, 2_500, 4_750, -1]);
  resumption.opened();
  expect(resumption.schedule(() => {})).toBe(true);
  resumption.dispose();
  expect(time.pending).toBe(0);
});

import { afterEach, describe, expect, it } from 'vitest';
import { deferred, silentLogger } from '../../src/base/index.ts';
import { type FeedOptions, HubGateway } from '../../src/gateway/index.ts';
import type { LoggingLevel, NotificationMessage } from '../../src/protocol/index.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { FakeUpstream, FakeUpstreams, listing, tool } from '../support/fake-upstream.ts';
import { CALL, parkingLot, retry, roundOf } from './parking.ts';

const started: HubGateway[] = [];

afterEach(() => {
  for (const gateway of started.splice(0)) gateway.dispose();
});

/** A gateway over one legacy server whose calls take until the test ends them. */
function scene() {
  const clock = new FakeClock();
  const server = new FakeUpstream('a', listing({ tools: [tool('x')] }));
  const running: (() => void)[] = [];
  server.answer = async () => {
    const end = deferred<void>();
    running.push(() => end.resolve());
    await end.promise;
    return { result: {} };
  };
  const upstreams = new FakeUpstreams(server);
  const hub = { name: 'mcp-hub', title: 'MCP Hub', version: '0.0.0' };
  const gateway = new HubGateway({ upstreams, hub, maxToolNameLength: () => 54, clock, logger: silentLogger, onNote: () => {} });
  gateway.start();
  started.push(gateway);
  const heard: unknown[] = [];
  const feed: FeedOptions = {
    scope: { kind: 'all' },
    principal: { id: 'local' },
    changes: new Set(),
    logs: true,
    send: ({ params }) => heard.push(params?.['level']),
  };
  const call = async (logLevel: LoggingLevel): Promise<void> => {
    const downstream = { principal: { id: 'local' }, era: 'modern' as const, protocolVersion: '2026-07-28', logLevel };
    const { signal } = new AbortController();
    void gateway.call({ scope: { kind: 'all' }, method: 'tools/call', params: { name: 'a__x' }, downstream, signal, notify: () => {} });
    await settle();
  };
  const log = (level: string): void => {
    const notification: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/message', params: { level } };
    upstreams.emit('logMessage', { id: 'a', notification });
  };
  const levels = (): unknown[] => server.logLevels.filter((level, at) => at === 0 || level !== server.logLevels[at - 1]);
  const logToSession = (level: string): void => {
    const notification: NotificationMessage = { jsonrpc: '2.0', method: 'notifications/message', params: { level } };
    upstreams.emit('forSession', { id: 'a', sessionId: 's', notification });
  };
  return { clock, running, gateway, heard, feed, call, log, logToSession, levels };
}

describe('the level that a modern call wants of a legacy server', () => {
  it('is lowered a moment after the last call that wanted it', async () => {
    const { clock, running, call, levels } = scene();
    await call('debug');
    await call('debug');
    running[0]?.();
    await clock.advance(60_000);
    expect(levels()).toEqual(['debug']);
    running[1]?.();
    await clock.advance(4_999);
    expect(levels()).toEqual(['debug']);
    await clock.advance(1);
    expect(levels()).toEqual(['debug', undefined]);
    expect(clock.pending).toBe(0);
  });

  it('stays where it is from one call to the next', async () => {
    const { clock, running, call, levels } = scene();
    await call('debug');
    running[0]?.();
    await clock.advance(3_000);
    await call('debug');
    await clock.advance(60_000);
    expect(levels()).toEqual(['debug']);
    running[1]?.();
    await clock.advance(5_000);
    expect(levels()).toEqual(['debug', undefined]);
  });

  it('falls to what others still want', async () => {
    const { clock, running, gateway, feed, call, levels } = scene();
    await gateway.attach(feed).setLogLevel('error');
    await call('notice');
    await call('debug');
    running[1]?.();
    await clock.advance(5_000);
    running[0]?.();
    await clock.advance(5_000);
    expect(levels()).toEqual(['error', 'notice', 'debug', 'notice', 'error']);
  });
});

describe('the level that a parked call wants', () => {
  it('is that of its open request, from the retry on until that is answered', async () => {
    const lot = parkingLot();
    const levels = (): unknown[] => lot.upstream.logLevels.filter((level, at, all) => at === 0 || level !== all[at - 1]);
    const { sent, work } = await lot.begin(CALL, { logLevel: 'info' });
    const first = work.elicit();
    await lot.clock.advance(60_000);
    expect(levels()).toEqual(['info', undefined]);
    const again = lot.send(retry(roundOf(await sent.answer)), { logLevel: 'debug' });
    // At once, so that the server knows before it goes on.
    expect([levels(), first.outcome]).toEqual([['info', undefined, 'debug'], undefined]);
    await lot.clock.advance(60_000);
    expect(levels()).toEqual(['info', undefined, 'debug']);
    work.elicit();
    await lot.clock.advance(60_000);
    const second = roundOf(await again.answer);
    expect(levels()).toEqual(['info', undefined, 'debug', undefined]);
    const last = lot.send(retry(second), { logLevel: 'debug' });
    work.answer();
    await last.answer;
    await lot.clock.advance(60_000);
    expect(levels()).toEqual(['info', undefined, 'debug', undefined, 'debug', undefined]);
    expect(lot.clock.pending).toBe(0);
  });
});

describe('a session that never set a level', () => {
  it('hears what the server sends by itself, but not what only another client wanted', async () => {
    const { clock, running, gateway, heard, feed, call, log } = scene();
    gateway.attach(feed);
    log('debug');
    await call('debug');
    for (const level of ['debug', 'info', 'error']) log(level);
    running[0]?.();
    await clock.advance(5_000);
    log('debug');
    expect(heard).toEqual(['debug', 'info', 'error', 'debug']);
  });

  it('… nor on a connection of its own, which has the level of all', async () => {
    const { clock, running, gateway, heard, feed, call, logToSession } = scene();
    gateway.attach({ ...feed, sessionId: 's' });
    logToSession('debug');
    await call('debug');
    for (const level of ['debug', 'info', 'error']) logToSession(level);
    running[0]?.();
    await clock.advance(5_000);
    logToSession('debug');
    expect(heard).toEqual(['debug', 'info', 'error', 'debug']);
  });

  it('does not lose by a coarser level of another one', async () => {
    const { gateway, feed, levels } = scene();
    await gateway.attach({ ...feed, send: () => {} }).setLogLevel('error');
    gateway.attach(feed);
    await settle();
    expect(levels()).toEqual(['error', 'info']);
  });
});

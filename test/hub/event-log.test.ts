import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../src/http/index.ts';
import { EventLog } from '../../src/hub/event-log.ts';
import { eventLog } from '../support/event-readers.ts';
import { FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let log: EventLog;
let told: FeedEvent[];

beforeEach(() => {
  clock = new FakeClock(Date.UTC(2026, 0, 1));
  log = eventLog(clock);
  told = [];
  log.on((event) => told.push(event));
});

const say = (message: string): void => log.publish({ name: 'log', data: { type: 'info', message } });
const parsed = ({ json }: Pick<FeedEvent, 'json'>): Record<string, unknown> => JSON.parse(json);
const ids = (events: readonly FeedEvent[] | undefined): string[] | undefined => events?.map(({ id }) => id);

describe('what is told', () => {
  it('has ids in a row, a time, and the hub in its state', () => {
    say('hello');
    log.publish({ name: 'hub_state', data: { state: 'error', message: 'no', code: 'CONFIG_ERROR' } });
    log.publish({ name: 'log', data: { type: 'info', message: 'old', timestamp: '2001-01-01T00:00:00.000Z' } });
    expect(ids(told)).toEqual(['b0-1', 'b0-2', 'b0-3']);
    expect(told.map(({ name }) => name)).toEqual(['log', 'hub_state', 'log']);
    const timestamp = '2026-01-01T00:00:00.000Z';
    expect(told.map(parsed)).toEqual([
      { type: 'info', message: 'hello', timestamp },
      {
        state: 'error',
        message: 'no',
        code: 'CONFIG_ERROR',
        server_id: 'mcp-hub',
        version: '4.2.1',
        pid: process.pid,
        port: 4_242,
        timestamp,
      },
      { type: 'info', message: 'old', timestamp: '2001-01-01T00:00:00.000Z' },
    ]);
  });

  it('is one line, whatever is in it', () => {
    say('a\nb\r\nc\u2028\u0000');
    expect(told[0]?.json).not.toMatch(/[\r\n]/);
    expect(parsed(told[0] ?? { json: '{}' })['message']).toBe('a\nb\r\nc\u2028\u0000');
  });

  it('leaves out what is no JSON, without a gap', () => {
    const round: { self?: object } = {};
    round.self = round;
    log.publish({ name: 'log', data: round });
    say('after');
    expect(ids(told)).toEqual(['b0-1']);
  });

  it('comes in order, also when it happens while something is told', () => {
    const second: string[] = [];
    log.on(({ id }) => {
      if (id === 'b0-1') log.publish({ name: 'hub_state', data: { state: 'ready' } });
    });
    log.on(({ id }) => second.push(id));
    say('first');
    expect(second).toEqual(['b0-1', 'b0-2']);
  });

  it('is not what is logged about the telling', () => {
    let failures = 0;
    const broken = new EventLog({
      clock,
      boot: 'x',
      version: '',
      port: () => 0,
      onListenerError: () => {
        failures += 1;
        broken.publish({ name: 'log', data: { message: 'a listener failed' } });
      },
    });
    broken.on(() => {
      throw new Error('broken');
    });
    broken.publish({ name: 'log', data: { message: 'one' } });
    broken.publish({ name: 'hub_state', data: { state: 'ready' } });
    expect(failures).toBe(2);
    expect(ids(broken.since('x-0'))).toEqual(['', 'x-1', 'x-2']);
  });
});

describe('a reader', () => {
  it('that comes anew gets the state, under the id of where the history stands', () => {
    expect(log.snapshot().map(({ id, name }) => [id, name])).toEqual([['b0-0', 'hub_state']]);
    expect(parsed(log.snapshot()[0] ?? { json: '{}' })).toMatchObject({ state: 'starting', port: 4_242 });
    log.publish({ name: 'hub_state', data: { state: 'ready' } });
    say('more');
    expect(ids(log.snapshot())).toEqual(['b0-2']);
    expect(parsed(log.snapshot()[0] ?? { json: '{}' })['state']).toBe('ready');
  });

  it('that comes back gets the state without an id, and what it missed', () => {
    for (const message of ['a', 'b', 'c']) say(message);
    const events = log.since('b0-1') ?? [];
    expect(ids(events)).toEqual(['', 'b0-2', 'b0-3']);
    expect(parsed(events[0] ?? { json: '{}' })).toMatchObject({ state: 'starting', resumed: true });
    expect(ids(log.since('b0-3'))).toEqual(['']);
    expect(ids(log.since('b0-0'))).toEqual(['', 'b0-1', 'b0-2', 'b0-3']);
  });

  it.each(['other-1', 'b0-4', 'b0-', 'b0-01', 'b0-1x', 'b0--1', 'b0-1e0', '1', '', 'b0-99999999999999999999'])(
    'is not helped with the id %j',
    (id) => {
      for (const message of ['a', 'b', 'c']) say(message);
      expect(log.since(id)).toBeUndefined();
    },
  );
});

describe('the memory', () => {
  it('is bounded in number', () => {
    for (let at = 0; at < 2_500; at += 1) say('x');
    expect(log.since('b0-499')).toBeUndefined();
    expect(log.since('b0-500')).toHaveLength(2_001);
  });

  it('is bounded in bytes, also by one event alone', () => {
    for (let at = 0; at < 10; at += 1) say('x'.repeat(1_000_000));
    expect(log.since('b0-5')).toBeUndefined();
    expect(log.since('b0-6')).toHaveLength(5);
    say('x'.repeat(5_000_000));
    expect(log.since('b0-10')).toBeUndefined();
    expect(log.since('b0-11')).toHaveLength(1);
    say('small');
    expect(log.since('b0-11')).toHaveLength(2);
    expect(told).toHaveLength(12);
  });

  it('is bounded in age', async () => {
    say('old');
    await clock.advance(4 * 60_000);
    say('young');
    await clock.advance(60_000);
    expect(log.since('b0-0')).toHaveLength(3);
    await clock.advance(1);
    expect(log.since('b0-0')).toBeUndefined();
    expect(log.since('b0-1')).toHaveLength(2);
  });

  it('neither misses nor doubles: what was read before and after a break is everything, or the reader hears of it', () => {
    const step = fc.record({ bytes: fc.integer({ min: 1, max: 900_000 }), waitMs: fc.integer({ min: 0, max: 90_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, from) => {
        let nowMs = 0;
        const one = new EventLog({
          clock: { now: () => nowMs, after: () => ({ dispose: () => {} }) },
          boot: 'p',
          version: '',
          port: () => 1,
          onListenerError: () => {},
        });
        const times: number[] = [];
        for (const { bytes, waitMs } of steps) {
          nowMs += waitMs;
          times.push(nowMs);
          one.publish({ name: 'log', data: { message: 'x'.repeat(bytes) } });
        }
        const missed = ids(one.since(`p-${from}`));
        const bytes = steps.slice(from).reduce((sum, each) => sum + each.bytes + 100, 0);
        const mayBeForgotten = bytes > 4 * 1024 * 1024 || nowMs - (times[from] ?? 0) > 5 * 60_000;
        const expected = Array.from({ length: Math.max(0, steps.length - from) }, (_, at) => `p-${from + at + 1}`);
        const isRight = missed ? missed.slice(1).join() === expected.join() : from > steps.length || mayBeForgotten;
        expect({ missed, expected, isRight }).toMatchObject({ isRight: true });
      }),
      { numRuns: 60 },
    );
  });
});

import { beforeEach, expect, it } from 'vitest';
import { IdleWatch, type Presence } from '../../src/hub/idle-watch.ts';
import { FakeClock } from '../support/fake-clock.ts';

let clock: FakeClock;
let clients: number;
let calls: { running: number; begun: number };
let told: Presence[];
let idle: number;
let watch: IdleWatch;

function start(delayMs: number | undefined): void {
  watch = new IdleWatch({
    clock,
    clients: [() => clients, () => 0],
    calls: () => calls,
    delayMs,
    onChange: (presence) => told.push(presence),
    onIdle: () => (idle += 1),
  });
  watch.start();
}

beforeEach(() => {
  clock = new FakeClock(0);
  clients = 0;
  calls = { running: 0, begun: 0 };
  told = [];
  idle = 0;
});

it('ends when nobody has been there for the delay, once', async () => {
  start(5_000);
  clients = 2;
  await clock.advance(10_000);
  clients = 0;
  await clock.advance(4_000);
  expect(idle).toBe(0);
  await clock.advance(60_000);
  expect([idle, clock.pending]).toEqual([1, 0]);
  expect(told).toEqual([
    { clients: 2, emptySinceMs: undefined },
    { clients: 0, emptySinceMs: 10_000 },
  ]);
});

it('is needed by a call in flight, and by one that came and went between two looks', async () => {
  start(3_000);
  calls = { running: 1, begun: 1 };
  await clock.advance(20_000);
  calls = { running: 0, begun: 1 };
  await clock.advance(2_000);
  calls = { running: 0, begun: 2 };
  await clock.advance(3_000);
  expect(idle).toBe(0);
  await clock.advance(2_000);
  expect(idle).toBe(1);
});

it('takes it back when somebody comes', async () => {
  start(10_000);
  clients = 1;
  await clock.advance(1_000);
  clients = 0;
  await clock.advance(5_000);
  clients = 1;
  await clock.advance(30_000);
  expect(told.map(({ emptySinceMs }) => emptySinceMs !== undefined)).toEqual([false, true, false]);
  expect(idle).toBe(0);
  watch.dispose();
});

it.each([
  [0, 60],
  [300_000, 300],
])('waits for the first client a minute at least (delay %d)', async (delayMs, seconds) => {
  start(delayMs);
  await clock.advance(seconds * 1_000 - 1);
  expect([idle, told]).toEqual([0, []]);
  await clock.advance(1_001);
  expect(idle).toBe(1);
});

it('without a delay only tells who is there', async () => {
  start(undefined);
  clients = 1;
  await clock.advance(2_000);
  clients = 0;
  await clock.advance(10_000_000);
  expect(idle).toBe(0);
  expect(told).toEqual([
    { clients: 1, emptySinceMs: undefined },
    { clients: 0, emptySinceMs: undefined },
  ]);
  watch.dispose();
  expect(clock.pending).toBe(0);
});

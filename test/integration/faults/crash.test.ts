import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Era } from '../../../src/protocol/index.ts';
import { eventually } from '../../support/eventually.ts';
import { Caller, type Outcome } from '../../support/faults/caller.ts';
import { complaintsAbout, local, startFaultHub } from '../../support/faults/fault-hub.ts';
import { endHubs, type HubProcess } from '../../support/hub-process.ts';
import { WireClient } from '../../support/wire-client.ts';
import { HttpWire } from '../../support/wires.ts';

const CALLS = 64;
const FAILS_WITHIN_MS = 1_000;
/** The hub starts it again after a second at most, and Node starts. */
const RECOVERS_WITHIN_MS = 10_000;
const CHANGED = 'notifications/tools/list_changed';
const TOOLS = ['a__work', 'a__rest', 'a__leave'];

let hub: HubProcess;
let caller: Caller;
let listener: WireClient;

afterEach(async () => {
  await Promise.all([caller.close(), listener.close()]);
  await endHubs();
});

/** The lines of standard error that the hub has of server a. */
async function logged(): Promise<string> {
  return (await fetch(`${hub.origin}/api/servers/a/log`)).text();
}

/** As many calls as there are to be, once each of them is with the server. */
async function callsInFlight(): Promise<Promise<Outcome>[]> {
  const calls = Array.from({ length: CALLS }, () => caller.call('a__work'));
  await eventually(async () => expect((await logged()).split('waiting for a lock')).toHaveLength(CALLS + 1));
  return calls;
}

const changesOf = (client: WireClient): number => client.changes.filter(({ method }) => method === CHANGED).length;

/** Calls until one is answered well; each that is not must say why. */
async function recovered(): Promise<Outcome> {
  for (const endMs = Date.now() + RECOVERS_WITHIN_MS; ; ) {
    const outcome = await caller.call('a__rest');
    if (outcome.code === undefined) return outcome;
    expect(outcome).toMatchObject({ code: 'SERVER_NOT_CONNECTED', words: expect.stringContaining('"a"') });
    if (Date.now() > endMs) throw new Error(`Not recovered: ${outcome.words}`);
  }
}

describe.each(['legacy', 'modern'] as const)('a local server that ends during 64 calls of a client of the era %s', (era: Era) => {
  beforeEach(async () => {
    hub = await startFaultHub({ a: local('hang') });
    caller = await Caller.connect(hub.url, era);
    listener = await WireClient.connect(new HttpWire(hub.url, era), { era });
    await listener.listen({ toolsListChanged: true });
  });

  it.each([
    ['kill -9', 'was ended by the signal SIGKILL', { exitCode: null, signal: 'SIGKILL' }, 'waiting for a lock'],
    ['an exit of its own', 'exited with code 7', { exitCode: 7, signal: null }, 'fatal: the disk is full'],
  ])('fails each of them within a second with the reason, after %s, and is there again', async (how, reason, facts, lastWords) => {
    const { words: pid } = await caller.call('a__rest');
    expect(await caller.tools()).toEqual(TOOLS);
    const calls = await callsInFlight();
    const beganMs = performance.now();
    if (how === 'kill -9') process.kill(Number(pid), 'SIGKILL');
    else calls.push(caller.call('a__leave'));
    const outcomes = await Promise.all(calls);
    expect(performance.now() - beganMs).toBeLessThan(FAILS_WITHIN_MS);
    expect(await caller.tools()).toEqual(TOOLS);
    for (const { code, words, data } of outcomes) {
      expect([code, data]).toMatchObject(['UPSTREAM_EXITED', { server: 'a', ...facts, stderr: expect.arrayContaining([lastWords]) }]);
      expect(words).toContain(`Server "a" ${reason}`);
      expect(words).toContain(`Its last output was:\n`);
      expect(words).toContain(lastWords);
    }
    const again = await recovered();
    expect(Number(again.words)).not.toBe(Number(pid));
    expect(await caller.tools()).toEqual(TOOLS);
    // Whatever is told of the new process is told by now.
    await delay(300);
    expect(changesOf(listener)).toBeLessThanOrEqual(1);
    expect(await complaintsAbout(hub)).toEqual([]);
  });
});

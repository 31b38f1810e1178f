import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { local, remote, type RemoteServers, startFaultHub, startRemoteServers } from '../../support/faults/fault-hub.ts';
import { type Fault, inWords, LIMIT, Neighbours } from '../../support/faults/neighbours.ts';
import { endHubs } from '../../support/hub-process.ts';

const SHORT = { start: 'manual', requestTimeout: 400 };
const LONG = { start: 'manual', requestTimeout: 30_000 };
const TOO_LONG = /sent a message of more than 67108864 bytes, which was not read/;

const faults: Readonly<Record<string, Fault>> = {
  'hangs on every call': { server: 'hang', codes: ['TIMEOUT'], says: /gave no answer to "tools\/call" within 400 ms/ },
  'answers 500': { server: 'status', codes: ['CONNECTION_ERROR'], says: /answered HTTP 500: .* It says: out of memory/ },
  'answers with garbage': { server: 'garbage', codes: ['UPSTREAM_PROTOCOL'], says: /with JSON that is no JSON-RPC message/ },
  'answers with 100 MB': { server: 'huge', codes: ['UPSTREAM_PROTOCOL'], says: TOO_LONG, inFlight: 1, windows: 2, windowMs: 2_400 },
  'answers with an event of 100 MB': {
    server: 'event',
    codes: ['UPSTREAM_PROTOCOL'],
    says: TOO_LONG,
    inFlight: 1,
    windows: 2,
    windowMs: 2_400,
  },
  'closes in the middle of the stream': {
    server: 'cut',
    codes: ['CONNECTION_ERROR'],
    says: /closed the stream of "tools\/call" before it had answered/,
  },
  'answers a byte a second': { server: 'drip', codes: ['TIMEOUT'], says: /gave no answer to "tools\/call" within 400 ms/ },
};

let well: RemoteServers;
let unwell: RemoteServers;
let neighbours: Neighbours;

beforeAll(async () => {
  well = await startRemoteServers();
  unwell = await startRemoteServers();
  const hub = await startFaultHub({
    a: local('none'),
    b: remote(well, 'none'),
    hang: remote(unwell, 'hang', SHORT),
    status: remote(unwell, 'status-500', SHORT),
    garbage: remote(unwell, 'garbage', SHORT),
    huge: remote(unwell, 'huge', LONG),
    event: remote(unwell, 'huge-event', LONG),
    cut: remote(unwell, 'cut', SHORT),
    drip: remote(unwell, 'drip', SHORT),
  });
  neighbours = await Neighbours.of(hub);
});

afterAll(async () => {
  await neighbours.close();
  await endHubs();
  await Promise.all([well.close(), unwell.close()]);
});

describe('the p95 of other servers changes by less than a tenth, and its own callers are told why, when a remote server', () => {
  it.each(Object.entries(faults))('%s', async (name, fault) => {
    const { comparison, outcomes } = await neighbours.suffer(fault);
    process.stdout.write(`remote: ${inWords(name, comparison)}\n`);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ code }) => !fault.codes.includes(code))).toEqual([]);
    expect(outcomes.filter(({ words }) => fault.says.test(words)).length).toBeGreaterThan(0);
    expect(await neighbours.complaints()).toEqual([]);
    expect(comparison.ratio).toBeLessThan(LIMIT);
  });
});

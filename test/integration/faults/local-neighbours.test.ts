import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RemoteServers, local, remote, startFaultHub, startRemoteServers } from '../../support/faults/fault-hub.ts';
import { type Fault, inWords, LIMIT, Neighbours } from '../../support/faults/neighbours.ts';
import { endHubs } from '../../support/hub-process.ts';

/** So short that a call without an answer does not hold up the test. */
const SHORT = { start: 'manual', requestTimeout: 400 };
const LONG = { start: 'manual', requestTimeout: 20_000 };
const NO_ANSWER = /gave no answer to "tools\/call" within 400 ms/;

const faults: Readonly<Record<string, Fault>> = {
  'hangs on every call': { server: 'hang', codes: ['TIMEOUT'], says: NO_ANSWER },
  'floods standard output with garbage': { server: 'garbage', codes: ['TIMEOUT'], says: NO_ANSWER },
  'answers with 100 MB': {
    server: 'huge',
    codes: ['UPSTREAM_PROTOCOL'],
    says: /sent a message of 100\.0 MiB, over the limit of 64\.0 MiB; it was skipped/,
    inFlight: 1,
    windows: 2,
    windowMs: 2_400,
  },
  'closes its output in the middle of a message': {
    server: 'cut',
    codes: ['UPSTREAM_EXITED', 'SERVER_NOT_CONNECTED'],
    // The hub ends its input upon that, and the server ends by itself; one that does not is ended.
    says: /exited with code 0|closed its standard input or output, could not be talked to any more and was ended/,
  },
  'answers a byte a second': { server: 'drip', codes: ['TIMEOUT'], says: NO_ANSWER },
  'floods standard error': { server: 'stderr', codes: [undefined, 'TIMEOUT'], says: /^well$/ },
  'exits at its start, again and again': {
    server: 'exits',
    codes: ['SERVER_NOT_CONNECTED', 'UPSTREAM_EXITED'],
    says: /exited with code 3[^]*the database is not reachable/,
    isStartedAgain: true,
  },
};

let remotes: RemoteServers;
let neighbours: Neighbours;

beforeAll(async () => {
  remotes = await startRemoteServers();
  const hub = await startFaultHub({
    a: local('none'),
    b: remote(remotes, 'none'),
    hang: local('hang', SHORT),
    garbage: local('garbage', SHORT),
    huge: local('huge', LONG),
    cut: local('cut', SHORT),
    drip: local('drip', SHORT),
    stderr: local('stderr', LONG),
    exits: local('exit-at-start', SHORT),
  });
  neighbours = await Neighbours.of(hub);
});

afterAll(async () => {
  await neighbours.close();
  await endHubs();
  await remotes.close();
});

describe('the p95 of other servers changes by less than a tenth, and its own callers are told why, when a local server', () => {
  it.each(Object.entries(faults))('%s', async (name, fault) => {
    const { comparison, outcomes } = await neighbours.suffer(fault);
    process.stdout.write(`local:  ${inWords(name, comparison)}\n`);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ code }) => !fault.codes.includes(code))).toEqual([]);
    expect(outcomes.filter(({ words }) => fault.says.test(words)).length).toBeGreaterThan(0);
    expect(await neighbours.complaints()).toEqual([]);
    expect(comparison.ratio).toBeLessThan(LIMIT);
  });
});

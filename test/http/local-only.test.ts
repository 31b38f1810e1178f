import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFromThisMachine } from '../../src/http/guards/this-machine.ts';
import { serverObject } from '../support/memory-management.ts';
import { api, type ApiHarness, type ApiRequest, startApi } from './api-harness.ts';

let harness: ApiHarness;
beforeAll(async () => {
  harness = await startApi();
});
afterAll(() => harness.close());

type Case = readonly [what: string, path: string, request: ApiRequest];

/** Everything that writes a config file. */
const edits: readonly Case[] = [
  ['POST /api/servers', '/api/servers', { method: 'POST', body: { name: 'new', config: { command: 'sh' } } }],
  ['POST /api/servers?dryRun', '/api/servers?dryRun=true', { method: 'POST', body: { name: 'new', config: { command: 'sh' } } }],
  ['PATCH /api/servers/:name', '/api/servers/time', { method: 'PATCH', body: { command: 'sh' } }],
  ['DELETE /api/servers/:name', '/api/servers/time', { method: 'DELETE' }],
  ['POST /api/servers/stop?disable=true', '/api/servers/stop?disable=true', { method: 'POST', body: { server_name: 'time' } }],
  ['POST /api/servers/start of a disabled server', '/api/servers/start', { method: 'POST', body: { server_name: 'off' } }],
];

/** How a request says that it comes from elsewhere. */
const elsewhere: readonly Readonly<Record<string, string>>[] = [
  { host: 'hub.example' },
  { host: 'hub.example:37373' },
  { host: 'localhost.hub.example' },
  { host: '192.0.2.7:37373' },
  { 'x-forwarded-for': '192.0.2.7' },
  { forwarded: 'for=192.0.2.7' },
  { via: '1.1 proxy' },
];

describe('what changes the config', () => {
  it.each(edits)('is refused from elsewhere, and does nothing: %s', async (_, path, request) => {
    const { management } = harness;
    management.states.set('off', serverObject('off', { status: 'disabled' }));
    const before = JSON.stringify([...management.states, ...management.entries]);
    for (const headers of elsewhere) {
      const { status, json } = await api(`${harness.url}${path}`, { ...request, headers });
      expect([status, json], JSON.stringify(headers)).toMatchObject([
        403,
        { code: 'FORBIDDEN', error: expect.stringContaining('localhost'), data: { only: 'local' } },
      ]);
    }
    expect(JSON.stringify([...management.states, ...management.entries])).toBe(before);
  });

  it.each(edits)('is taken from this machine: %s', async (_, path, request) => {
    harness.management.states.set('off', serverObject('off', { status: 'disabled' }));
    harness.management.states.set('time', serverObject('time'));
    harness.management.entries.set('time', { command: 'run' });
    harness.management.states.delete('new');
    expect((await api(`${harness.url}${path}`, request)).status).toBeLessThan(300);
  });

  it('is refused before its body is read', async () => {
    const request = { method: 'POST', headers: { host: 'hub.example' }, body: '{' };
    expect(await api(`${harness.url}/api/servers`, request)).toMatchObject({ status: 403 });
  });
});

it('lets everybody who may reach the hub use what is configured', async () => {
  const headers = { host: 'hub.example' };
  harness.management.states.set('time', serverObject('time'));
  for (const path of ['start', 'stop', 'restart', 'refresh']) {
    const { status } = await api(`${harness.url}/api/servers/${path}`, { method: 'POST', headers, body: { server_name: 'time' } });
    expect([path, status]).toEqual([path, 200]);
    harness.management.states.set('time', serverObject('time'));
  }
});

describe('a request from this machine', () => {
  const from = (remoteAddress: string | undefined, headers: Record<string, string> = { host: 'localhost:37373' }): boolean =>
    isFromThisMachine({ headers, socket: { remoteAddress } });

  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('has the peer %s', (peer) => expect(from(peer)).toBe(true));
  it.each([undefined, '', '192.168.0.2', '10.0.0.1', '::ffff:10.0.0.1', 'fe80::1', '1127.0.0.1', '127.0.0.1.example'])(
    'does not have the peer %s',
    (peer) => expect(from(peer)).toBe(false),
  );
  it.each(['localhost', 'LOCALHOST:1', '127.0.0.1:37373', '[::1]:37373'])('names the hub %s', (host) =>
    expect(from('::1', { host })).toBe(true),
  );
  it.each(['', 'hub.example', 'localhost@hub.example', '127.0.0.1.nip.io', '[::2]'])('does not name it %j', (host) =>
    expect(from('::1', { host })).toBe(false),
  );

  it('does not come over the network', async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    if (address === undefined) return;
    expect(from(address)).toBe(false);
  });
});

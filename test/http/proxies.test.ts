import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientAddress, forwardedHost, isTrustedProxy } from '../../src/http/guards/proxies.ts';
import { isFromThisMachine } from '../../src/http/guards/this-machine.ts';
import { api } from './api-harness.ts';
import { bearer, type DoorHarness, startDoor } from './door-harness.ts';

const from = (remoteAddress: string, headers: Record<string, string> = {}) => ({ headers, socket: { remoteAddress } });

describe('a trusted proxy', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['127.0.0.1', ['127.0.0.1'], true],
    ['::1', ['[::1]'], true],
    ['fd00::7', ['fd00::/8'], true],
    ['10.1.2.3', ['proxy.example', '10.1.2.3/33', '10.1.2.3/', 'nonsense/8'], false],
    ['10.1.2.3', [], false],
  ])('%s among %j: %s', (address, trusted, expected) => expect(isTrustedProxy(address, trusted)).toBe(expected));

  it('tells the address of a client; others do not, nor does what a client itself says', () => {
    const headers = { 'x-forwarded-for': '192.0.2.1, 198.51.100.7' };
    expect(clientAddress(from('10.0.0.1', headers), ['10.0.0.1'])).toBe('198.51.100.7');
    expect(clientAddress(from('10.0.0.2', headers), ['10.0.0.1'])).toBe('10.0.0.2');
    expect(clientAddress(from('10.0.0.1', { 'x-forwarded-for': 'unknown' }), ['10.0.0.1'])).toBe('10.0.0.1');
    expect(clientAddress(from('10.0.0.1'), ['10.0.0.1'])).toBe('10.0.0.1');
  });

  it('tells the name that it was asked for; others do not', () => {
    const headers = { 'x-forwarded-host': 'evil.example, hub.example' };
    expect(forwardedHost(from('10.0.0.1', headers), ['10.0.0.1'])).toBe('evil.example');
    expect(forwardedHost(from('10.0.0.2', headers), ['10.0.0.1'])).toBeUndefined();
  });

  it('makes nobody a program of this machine, whatever it adds', () => {
    const local = { host: 'localhost' };
    expect(isFromThisMachine(from('127.0.0.1', local))).toBe(true);
    expect(isFromThisMachine(from('127.0.0.1', local), ['127.0.0.1'])).toBe(false);
    expect(isFromThisMachine(from('127.0.0.1', local), ['::1'])).toBe(true);
    const added = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-anything', 'x-real-ip', 'cf-connecting-ip'];
    for (const name of added) expect([name, isFromThisMachine(from('127.0.0.1', { ...local, [name]: '' }))]).toEqual([name, false]);
  });
});

describe('a hub behind one', () => {
  let door: DoorHarness;
  beforeAll(async () => {
    door = await startDoor({ trustedHosts: () => ['127.0.0.1', 'proxy.example'] });
  });
  afterAll(() => door.close());
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await api(`${door.url}/api/servers`, { headers: { ...bearer('look'), ...headers } })).status;

  it('answers to its names, in Host, Origin and X-Forwarded-Host alone', async () => {
    expect(await status({ host: 'proxy.example' })).toBe(200);
    expect(await status({ host: 'hub.example', origin: 'https://proxy.example' })).toBe(200);
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ host: 'localhost', 'x-forwarded-host': 'proxy.example' })).toBe(200);
    expect(await status({ host: 'localhost', 'x-forwarded-host': 'evil.example' })).toBe(403);
    expect(await status({ host: 'evil.example', 'x-forwarded-host': 'proxy.example' })).toBe(403);
  });

  it('asks for a key of scope admin before it changes the config', async () => {
    door.keys.isNeeded = false;
    const body = { name: 'new', config: { command: 'sh' } };
    expect((await api(`${door.url}/api/servers`, { method: 'POST', body })).status).toBe(403);
    expect((await api(`${door.url}/api/servers`, { method: 'POST', body, headers: bearer('all') })).status).toBe(201);
    door.keys.isNeeded = true;
  });

  it('counts the wrong keys of each client by itself', async () => {
    for (let at = 0; at <= 30; at += 1) await status({ ...bearer('wrong'), 'x-forwarded-for': '192.0.2.1' });
    expect(await status({ ...bearer('wrong'), 'x-forwarded-for': '192.0.2.1' })).toBe(429);
    expect(await status({ ...bearer('wrong'), 'x-forwarded-for': '192.0.2.2' })).toBe(401);
    expect(await status({ 'x-forwarded-for': '192.0.2.1' })).toBe(200);
  });
});

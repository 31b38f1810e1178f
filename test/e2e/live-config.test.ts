import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EventsReader, readEvents } from '../support/event-readers.ts';
import { eventually } from '../support/eventually.ts';
import { fixtureServer } from '../support/fixtures.ts';
import { endHubs, healthOf, type HubProcess, settled, startHub } from '../support/hub-process.ts';

const readers: EventsReader[] = [];
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.cut();
  await endHubs();
});

const command = JSON.stringify(process.execPath);
const args = JSON.stringify([fixtureServer('echo')]);
const entry = `{ "command": ${command}, "args": ${args} }`;
const CONFIG = `{
  // one for each purpose
  "mcpServers": {
    "one": ${entry}, // the first
    "two": ${entry},
  },
}
`;

const configFile = (hub: HubProcess): string => join(hub.folder, 'mcp-servers.json');

async function statuses(hub: HubProcess): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await healthOf(hub)).servers.map(({ name, status }) => [name, status]));
}

async function post(hub: HubProcess, path: string, body: object = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${hub.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

async function follow(hub: HubProcess): Promise<EventsReader> {
  const reader = await readEvents(hub.origin);
  readers.push(reader);
  return reader;
}

const states = (reader: EventsReader): unknown[] =>
  reader.blocks.flatMap(({ event, data }) => (event === 'hub_state' ? [data['state']] : []));

describe('the config of a running hub', () => {
  it.skipIf(process.platform === 'win32')('is loaded again on SIGHUP, and a broken one changes nothing', async () => {
    const hub = await startHub({ config: CONFIG });
    await settled(hub);
    await writeFile(configFile(hub), CONFIG.replace('"two"', '"three"'));
    hub.process.kill('SIGHUP');
    await eventually(async () => expect(await statuses(hub)).toEqual({ one: 'connected', three: 'connected' }));
    await writeFile(configFile(hub), '{\n  "mcpServers": [\n');
    hub.process.kill('SIGHUP');
    await eventually(() => expect(hub.stderr()).toContain('mcp-servers.json:2:17'));
    expect(await statuses(hub)).toEqual({ one: 'connected', three: 'connected' });
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
  });

  it('is followed with --watch', async () => {
    const hub = await startHub({ config: CONFIG, args: ['--watch'] });
    await settled(hub);
    await writeFile(configFile(hub), CONFIG.replace('"two"', '"three"'));
    await eventually(async () => expect(await statuses(hub)).toEqual({ one: 'connected', three: 'connected' }));
    expect(hub.stderr()).not.toContain('--watch');
  });

  it('keeps what was disabled over the life of the hub, and its comments', async () => {
    const hub = await startHub({ config: CONFIG });
    await settled(hub);
    const stopped = await post(hub, '/api/servers/stop?disable=true', { server_name: 'one' });
    expect(stopped).toMatchObject({ status: 200, body: { server: { name: 'one', status: 'disabled' } } });
    const text = await readFile(configFile(hub), 'utf8');
    for (const kept of ['// one for each purpose', '// the first', '"disabled": true']) expect(text).toContain(kept);
    await hub.stop();

    const next = await startHub({ config: text });
    await settled(next);
    expect(await statuses(next)).toEqual({ one: 'disabled', two: 'connected' });
    const started = await post(next, '/api/servers/start', { server_name: 'one' });
    expect(started).toMatchObject({ status: 200, body: { server: { name: 'one', status: 'connected' } } });
    expect(await readFile(configFile(next), 'utf8')).toBe(CONFIG);
  });
});

describe('a restart', () => {
  it('of the hub is told with its states, and restarts what changed', async () => {
    const hub = await startHub({ config: CONFIG });
    await settled(hub);
    const reader = await follow(hub);
    await writeFile(configFile(hub), CONFIG.replace('"two"', '"three"'));
    expect(await post(hub, '/api/restart')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await statuses(hub)).toEqual({ one: 'connected', three: 'connected' });
    await eventually(() => expect(states(reader)).toEqual(['ready', 'restarting', 'restarted']));
    await writeFile(configFile(hub), '{');
    expect(await post(hub, '/api/restart')).toMatchObject({ status: 422, body: { code: 'CONFIG_ERROR' } });
    expect(await statuses(hub)).toEqual({ one: 'connected', three: 'connected' });
  });

  it('of the process is answered and told first, frees the port within a second, and ends with exit code 0', async () => {
    const hub = await startHub({ config: CONFIG });
    await settled(hub);
    const reader = await follow(hub);
    expect(await post(hub, '/api/hard-restart')).toMatchObject({ status: 200, body: { status: 'ok' } });
    const answered = performance.now();
    await eventually(() => expect(fetch(`${hub.origin}/api/health`)).rejects.toThrow('fetch failed'));
    expect(performance.now() - answered).toBeLessThan(1_000);
    expect(await reader.ended).toBe(true);
    expect(states(reader)).toEqual(['ready', 'restarting', 'stopping']);
    expect(await hub.exit).toEqual({ code: 0, signal: null });
  });
});

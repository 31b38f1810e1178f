import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endHubs, healthOf, type HubProcess, PROJECT, settled, spawnHub } from '../support/hub-process.ts';
import { eventually } from '../support/processes.ts';

const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));

let hub: HubProcess;

beforeAll(async () => {
  const [program, bin, portOption, , ...args] = String(scripts.start).split(' ');
  expect([program, portOption]).toEqual(['node', '--port']);
  // Port 37373 may belong to the hub of the person who runs the tests.
  hub = await spawnHub({ bin: join(PROJECT, String(bin)), args, cwd: PROJECT });
  await settled(hub);
  await eventually('the summary', () => hub.stdout().includes('"mcpServers"'));
});

afterAll(() => endHubs());

describe('npm start', () => {
  it('builds the hub and runs it on port 37373 with the example config', () => {
    expect(scripts.prestart).toBe('npm run build');
    expect(scripts.start).toBe('node bin/mcp-hub.js --port 37373 --config examples/mcp-servers.json');
  });

  it('starts all three servers', async () => {
    const { servers } = await healthOf(hub);
    expect(Object.fromEntries(servers.map(({ name, status }) => [name, status]))).toEqual({
      everything: 'connected',
      filesystem: 'connected',
      memory: 'connected',
    });
  });

  it('tells each server with its tools and time, the addresses, and what to paste into a client', () => {
    const lines = hub.stdout().split('\n');
    for (const name of ['everything', 'filesystem', 'memory']) {
      const told = lines.filter((line) => line.trim().startsWith('ready') && line.includes(name));
      expect(told).toEqual([expect.stringMatching(new RegExp(`^ +ready +${name} +\\d+ tools\\b.* \\([\\d.]+ (?:ms|s)\\)$`))]);
    }
    expect(lines).toContain('3 of 3 servers ready.');
    const url = `http://localhost:${hub.port}/mcp`;
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^All servers: +${url}$`)));
    const snippet = lines.find((line) => line.includes('"mcpServers"')) ?? '';
    expect(JSON.parse(snippet)).toEqual({ mcpServers: { Hub: { url } } });
    expect(hub.stderr()).toBe('');
  });
});

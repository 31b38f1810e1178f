import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubPaths, type LogRecord } from '../../src/base/index.ts';
import { createHub } from '../../src/hub/hub.ts';
import type { Hub } from '../../src/hub/index.ts';
import { fixture } from '../support/in-process-hub.ts';

let folder: string;
let records: LogRecord[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-stopped-'));
  records = [];
  await writeFile(join(folder, 'c.json'), JSON.stringify({ mcpServers: { echo: fixture('echo.mjs') } }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function hub(): Hub {
  const env = { PATH: process.env['PATH'], HOME: folder };
  return createHub({
    configFiles: ['c.json'],
    host: 'localhost',
    port: 0,
    env,
    cwd: folder,
    paths: hubPaths(env),
    sinks: [(record) => records.push(record)],
    version: '0.0.0-test',
    watch: true,
  });
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a hub that is stopped in the middle of its start', () => {
  it('says so to whoever started it', async () => {
    const stopped = hub();
    const starting = stopped.start().catch((error: unknown) => error);
    await stopped.stop();
    expect(await starting).toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  // Wherever the start is by then; the set-up of the tests finds what goes on: a socket, a process, a watch.
  it.each([0, 1, 2, 4, 8, 16, 32])('starts nothing any more (after %i turns)', async (count) => {
    const stopped = hub();
    const starting = stopped.start().catch(() => undefined);
    await turns(count);
    await stopped.stop();
    await starting;
    const told = records.map(({ message }) => message);
    // It has not stopped where it had not started.
    expect(told.slice(-1)).toEqual(told.includes('The hub listens') ? ['The hub has stopped'] : []);
  });
});

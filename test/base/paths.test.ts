import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hubPaths } from '../../src/base/index.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mcp-hub-paths-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

it('keeps data where XDG says, or where an older installation has it', async () => {
  expect(hubPaths({ HOME: home }).dataDir).toBe(join(home, '.local/share/mcp-hub'));
  expect(hubPaths({ HOME: home, XDG_DATA_HOME: '/data' }).dataDir).toBe('/data/mcp-hub');
  expect(hubPaths({ HOME: home, XDG_DATA_HOME: 'relative' }).dataDir).toBe(join(home, '.local/share/mcp-hub'));
  await mkdir(join(home, '.mcp-hub'));
  expect(hubPaths({ HOME: home, XDG_DATA_HOME: '/data' }).dataDir).toBe(join(home, '.mcp-hub'));
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubPaths } from '../../src/base/index.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mcp-hub-home-'));
});

afterEach(() => rmSync(home, { recursive: true }));

/** Within the home. */
const paths = (env: NodeJS.ProcessEnv = {}): object =>
  Object.fromEntries(Object.entries(hubPaths({ HOME: home, ...env })).map(([name, path]) => [name, path.replace(home, '~')]));

const XDG = {
  defaultConfigFile: '~/.config/mcp-hub/mcp-servers.json',
  logDir: '~/.local/state/mcp-hub/logs',
  stateDir: '~/.local/state/mcp-hub',
  dataDir: '~/.local/share/mcp-hub',
};

describe("the hub's files", () => {
  it('are where XDG says', () => {
    expect(paths()).toEqual(XDG);
    expect(paths({ XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', XDG_DATA_HOME: '/d' })).toEqual({
      defaultConfigFile: '/c/mcp-hub/mcp-servers.json',
      logDir: '/s/mcp-hub/logs',
      stateDir: '/s/mcp-hub',
      dataDir: '/d/mcp-hub',
    });
  });

  it('are not where a relative or empty variable says', () => {
    expect(paths({ XDG_CONFIG_HOME: 'c', XDG_STATE_HOME: '', XDG_DATA_HOME: './d' })).toEqual(XDG);
  });

  it('stay in the folder of old installations where there is one: state and data in itself, logs where its logs are', () => {
    mkdirSync(join(home, '.mcp-hub'));
    expect(paths({ XDG_STATE_HOME: '/s' })).toEqual({ ...XDG, logDir: '/s/mcp-hub/logs', stateDir: '~/.mcp-hub', dataDir: '~/.mcp-hub' });
    mkdirSync(join(home, '.mcp-hub/logs'));
    expect(paths()).toMatchObject({ logDir: '~/.mcp-hub/logs' });
  });

  it('are not in a file of that name', () => {
    writeFileSync(join(home, '.mcp-hub'), '');
    expect(paths()).toEqual(XDG);
  });
});

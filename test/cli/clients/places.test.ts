import { describe, expect, it } from 'vitest';
import { clientIds, type Machine } from '../../../src/cli/clients/client.ts';
import { clientNamed } from '../../../src/cli/clients/table.ts';

/** The first file of a person, per client. */
function files(machine: Partial<Machine>): Readonly<Record<string, string | undefined>> {
  const whole: Machine = { env: {}, home: '/h', platform: 'linux', cwd: '/p', ...machine };
  const first = (id: string): string | undefined =>
    clientNamed(id)
      ?.places(whole)
      .find(({ scope }) => scope === 'user')?.path;
  return Object.fromEntries(clientIds.map((id) => [id, first(id)]));
}

const dotted = {
  'claude-code': '/h/.claude.json',
  cursor: '/h/.cursor/mcp.json',
  codex: '/h/.codex/config.toml',
  windsurf: '/h/.codeium/windsurf/mcp_config.json',
  gemini: '/h/.gemini/settings.json',
};

describe('the files of a person', () => {
  it('on Linux', () => {
    expect(files({})).toEqual({
      ...dotted,
      'claude-desktop': '/h/.config/Claude/claude_desktop_config.json',
      vscode: '/h/.config/Code/User/mcp.json',
      zed: '/h/.config/zed/settings.json',
      opencode: '/h/.config/opencode/opencode.json',
    });
  });

  it('on macOS', () => {
    expect(files({ platform: 'darwin' })).toEqual({
      ...dotted,
      'claude-desktop': '/h/Library/Application Support/Claude/claude_desktop_config.json',
      vscode: '/h/Library/Application Support/Code/User/mcp.json',
      zed: '/h/.config/zed/settings.json',
      opencode: '/h/.config/opencode/opencode.json',
    });
  });

  it('on Windows', () => {
    expect(files({ platform: 'win32', env: { APPDATA: '/h/Roaming' } })).toEqual({
      ...dotted,
      'claude-desktop': '/h/Roaming/Claude/claude_desktop_config.json',
      vscode: '/h/Roaming/Code/User/mcp.json',
      zed: '/h/Roaming/Zed/settings.json',
      opencode: '/h/.config/opencode/opencode.json',
    });
  });

  it('where variables say so', () => {
    const env = { XDG_CONFIG_HOME: '/x', CODEX_HOME: '/c', CLAUDE_CONFIG_DIR: '/d' };
    expect(files({ env })).toMatchObject({
      'claude-code': '/d/.claude.json',
      codex: '/c/config.toml',
      zed: '/x/zed/settings.json',
      opencode: '/x/opencode/opencode.json',
    });
    expect(files({ env: { XDG_CONFIG_HOME: 'relative' } })).toMatchObject({ zed: '/h/.config/zed/settings.json' });
  });
});

describe('clientNamed', () => {
  it.each([
    ['Cursor', 'cursor'],
    ['claude', 'claude-code'],
    ['VS-Code', 'vscode'],
    ['gemini-cli', 'gemini'],
    ['constructor', undefined],
  ])('%s: %s', (name, id) => expect(clientNamed(name)?.id).toBe(id));
});

import { join } from 'node:path';
import { type Client, type ClientId, type HubAddress, type HubTarget, isRecord, type Machine, type Values } from './client.ts';
import * as dialects from './dialects.ts';
import { applicationData, folderOf, ofProject, ofUser, xdgConfig } from './places.ts';

/** Clients whose servers stand in one object under one key. */
function under(key: string): Pick<Client, 'format' | 'serverMaps' | 'homeOf'> {
  return { format: 'json', serverMaps: () => [[key]], homeOf: () => [key] };
}

/** The key of the hub, where it is given one, in a header; clients differ in what they call that. */
const keyIn = ({ key }: HubAddress, field = 'headers'): Values => (key ? { [field]: { Authorization: `Bearer ${key.reveal()}` } } : {});

const command = ({ command, args }: Extract<HubTarget, { kind: 'command' }>): Values => ({ command, args });

/** The entry of a client that knows the address under `field`. */
const byAddress =
  (field: string, headers?: string) =>
  (target: HubTarget): Values =>
    target.kind === 'url' ? { [field]: target.url, ...keyIn(target, headers) } : command(target);

/** The same with a `type` for both kinds. */
const typed = (target: HubTarget): Values =>
  target.kind === 'url' ? { type: 'http', url: target.url, ...keyIn(target) } : { type: 'stdio', ...command(target) };

const claudeDesktop: Client = {
  id: 'claude-desktop',
  title: 'Claude Desktop',
  ...under('mcpServers'),
  spawnOnly: true,
  places: (machine) => ofUser(join(applicationData(machine), 'Claude', 'claude_desktop_config.json')),
  entry: byAddress('url'),
  dialect: dialects.literal,
};

const claudeCode: Client = {
  id: 'claude-code',
  title: 'Claude Code',
  ...under('mcpServers'),
  places: (machine) => [
    ...ofUser(join(folderOf(machine, 'CLAUDE_CONFIG_DIR', machine.home), '.claude.json')),
    ...ofProject(machine, '.mcp.json'),
  ],
  // Those of one project that are for oneself stand in one's own file, under the project's folder.
  serverMaps: (_, { cwd }) => [['mcpServers'], ['projects', cwd, 'mcpServers']],
  entry: typed,
  dialect: dialects.claudeCode,
};

const cursor: Client = {
  id: 'cursor',
  title: 'Cursor',
  ...under('mcpServers'),
  places: (machine) => [...ofUser(join(machine.home, '.cursor', 'mcp.json')), ...ofProject(machine, join('.cursor', 'mcp.json'))],
  entry: byAddress('url'),
  dialect: dialects.editor,
};

const vscode: Client = {
  id: 'vscode',
  title: 'VS Code',
  ...under('servers'),
  places: (machine) => [
    ...ofUser(...['Code', 'Code - Insiders', 'VSCodium'].map((name) => join(applicationData(machine), name, 'User', 'mcp.json'))),
    ...ofProject(machine, join('.vscode', 'mcp.json')),
  ],
  entry: typed,
  dialect: dialects.editor,
};

const codex: Client = {
  id: 'codex',
  title: 'Codex',
  ...under('mcp_servers'),
  format: 'toml',
  places: (machine) => [
    ...ofUser(join(folderOf(machine, 'CODEX_HOME', join(machine.home, '.codex')), 'config.toml')),
    ...ofProject(machine, join('.codex', 'config.toml')),
  ],
  entry: byAddress('url', 'http_headers'),
  dialect: dialects.codex,
};

const windsurf: Client = {
  id: 'windsurf',
  title: 'Windsurf',
  ...under('mcpServers'),
  places: ({ home }) => ofUser(join(home, '.codeium', 'windsurf', 'mcp_config.json')),
  entry: byAddress('serverUrl'),
  dialect: dialects.editor,
};

const zed: Client = {
  id: 'zed',
  title: 'Zed',
  ...under('context_servers'),
  places: (machine) => [...ofUser(join(zedFolder(machine), 'settings.json')), ...ofProject(machine, join('.zed', 'settings.json'))],
  // Some versions want to hear that a command does not come from an extension.
  entry: (target) => (target.kind === 'url' ? { url: target.url, ...keyIn(target) } : { source: 'custom', ...command(target) }),
  dialect: dialects.zed,
};

const opencode: Client = {
  id: 'opencode',
  title: 'opencode',
  format: 'json',
  places: (machine) => [
    ...ofUser(...['opencode.json', 'opencode.jsonc'].map((name) => join(xdgConfig(machine), 'opencode', name))),
    ...ofProject(machine, 'opencode.json', 'opencode.jsonc', '.opencode/opencode.json', '.opencode/opencode.jsonc'),
  ],
  serverMaps: (document) => [opencodeHome(document)],
  homeOf: opencodeHome,
  entry(target, document) {
    // V2 has no "enabled", and reads V1's spelling too.
    const on = opencodeHome(document).length === 1 ? { enabled: true } : {};
    if (target.kind === 'url') return { type: 'remote', url: target.url, ...keyIn(target), ...on };
    return { type: 'local', command: [target.command, ...target.args], ...on };
  },
  dialect: dialects.opencode,
};

const gemini: Client = {
  id: 'gemini',
  title: 'Gemini CLI',
  ...under('mcpServers'),
  places: (machine) => [...ofUser(join(machine.home, '.gemini', 'settings.json')), ...ofProject(machine, join('.gemini', 'settings.json'))],
  entry: byAddress('httpUrl'),
  dialect: dialects.gemini,
};

/** Every client that `import` and `connect` know. */
export const clients: readonly Client[] = [claudeDesktop, claudeCode, cursor, vscode, codex, windsurf, zed, opencode, gemini];

/** Other words for them on the command line. */
const aliases: Readonly<Record<string, ClientId>> = {
  claude: 'claude-code',
  code: 'vscode',
  'vs-code': 'vscode',
  'gemini-cli': 'gemini',
  claudedesktop: 'claude-desktop',
  claudecode: 'claude-code',
};

export function clientNamed(name: string): Client | undefined {
  const key = name.toLowerCase();
  const id = Object.hasOwn(aliases, key) ? aliases[key] : key;
  return clients.find((client) => client.id === id);
}

function zedFolder(machine: Machine): string {
  if (machine.platform === 'win32') return join(applicationData(machine), 'Zed');
  return join(machine.platform === 'darwin' ? join(machine.home, '.config') : xdgConfig(machine), 'zed');
}

/** V1 has servers directly under `mcp`, V2 under `mcp.servers`. */
function opencodeHome({ mcp }: Values): readonly string[] {
  const servers = isRecord(mcp) ? mcp['servers'] : undefined;
  return isRecord(servers) && typeof servers['type'] !== 'string' ? ['mcp', 'servers'] : ['mcp'];
}

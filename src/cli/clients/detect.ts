import { basename, dirname } from 'node:path';
import { HubError } from '../../base/index.ts';
import { type Client, isRecord, type Values, valueAt } from './client.ts';
import { readDocument } from './document.ts';
import { clients } from './table.ts';

/** File names that tell whose file it is. */
const names: readonly (readonly [RegExp, Client['id']])[] = [
  [/claude_desktop_config\.json$/, 'claude-desktop'],
  [/(?:^|\/)\.(?:claude|mcp)\.json$/, 'claude-code'],
  [/windsurf\/mcp_config\.json$/, 'windsurf'],
  [/\.cursor\/mcp\.json$/, 'cursor'],
  [/\.gemini\/settings\.json$/, 'gemini'],
];

/**
 * Whose config a file is: by its name, else by how it looks inside.
 *
 * @throws HubError CONFIG_ERROR when it cannot be read or has no servers
 */
export function detectClient(path: string, text: string): Client {
  if (path.endsWith('.toml')) return clientOf('codex');
  const place = `${basename(dirname(path))}/${basename(path)}`;
  const named = names.find(([pattern]) => pattern.test(place))?.[1];
  if (named) return clientOf(named);
  const values = readDocument({ file: path, format: 'json', text });
  const guess = guessFrom(values, text);
  if (guess) return clientOf(guess);
  const keys = 'mcpServers, servers, context_servers, mcp or [mcp_servers]';
  throw new HubError('CONFIG_ERROR', `${path} has no MCP servers that this command knows: there is no ${keys} in it.`, {
    details: { file: path },
  });
}

function guessFrom(values: Values, text: string): Client['id'] | undefined {
  if (isRecord(values['context_servers'])) return 'zed';
  if (isRecord(values['servers'])) return 'vscode';
  if (isRecord(values['mcp']) && !isRecord(values['mcpServers'])) return 'opencode';
  const servers = valueAt(values, ['mcpServers']);
  if (!isRecord(servers)) return undefined;
  const has = (key: string): boolean => Object.values(servers).some((entry) => isRecord(entry) && Object.hasOwn(entry, key));
  if (has('httpUrl')) return 'gemini';
  if (has('serverUrl')) return 'windsurf';
  return /\$\{(?:env:|input:|workspaceFolder|userHome)/.test(text) ? 'cursor' : 'claude-code';
}

function clientOf(id: Client['id']): Client {
  const client = clients.find((one) => one.id === id);
  if (!client) throw new HubError('UNHANDLED_ERROR', `There is no client "${id}".`);
  return client;
}

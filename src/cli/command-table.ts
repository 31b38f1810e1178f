import type { CommandSpec } from './command.ts';

/** The headings of `mcp-hub --help`, in order. */
export const GROUPS = ['The hub', 'Use', 'Watch', 'Servers', 'Configuration', 'Shell'] as const;

export interface CommandEntry {
  /** One line for `mcp-hub --help`. */
  readonly summary: string;
  readonly group: (typeof GROUPS)[number];
  /** Loads the command; nothing of it is loaded before. */
  readonly load: () => Promise<{ readonly command: CommandSpec }>;
  /** Left out of help, completion and docs. */
  readonly isHidden?: boolean;
}

/** Every command but `serve` and `stdio`, which have parsers of their own ({@link ownCommands}). */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  status: { summary: 'tell how the hub is', group: 'The hub', load: () => import('./commands/status.ts') },
  reload: {
    summary: 'read the config files again; restart the servers that changed',
    group: 'The hub',
    load: () => import('./commands/reload.ts'),
  },
  shutdown: { summary: 'stop the hub', group: 'The hub', load: () => import('./commands/shutdown.ts') },
  key: { summary: 'make, list and revoke API keys', group: 'The hub', load: () => import('./commands/key.ts') },
  tools: { summary: 'list the tools of all servers, or show one with its schema', group: 'Use', load: () => import('./commands/tools.ts') },
  call: { summary: 'call a tool', group: 'Use', load: () => import('./commands/call.ts') },
  read: { summary: 'read a resource', group: 'Use', load: () => import('./commands/read.ts') },
  prompt: { summary: 'print the messages of a prompt', group: 'Use', load: () => import('./commands/prompt.ts') },
  logs: { summary: "print the hub's log, or a server's standard error", group: 'Watch', load: () => import('./commands/logs.ts') },
  events: { summary: 'print what happens in the hub as it happens', group: 'Watch', load: () => import('./commands/events.ts') },
  servers: { summary: 'list the servers, or tell everything about one', group: 'Servers', load: () => import('./commands/servers.ts') },
  start: { summary: 'start a server', group: 'Servers', load: () => import('./commands/start.ts') },
  stop: { summary: 'stop a server', group: 'Servers', load: () => import('./commands/stop.ts') },
  restart: { summary: 'restart a server', group: 'Servers', load: () => import('./commands/restart.ts') },
  enable: { summary: 'enable a server in its config file', group: 'Servers', load: () => import('./commands/enable.ts') },
  disable: { summary: 'disable a server in its config file', group: 'Servers', load: () => import('./commands/disable.ts') },
  auth: { summary: 'log in at a server, or forget its login', group: 'Servers', load: () => import('./commands/auth.ts') },
  add: { summary: 'add a server to the config', group: 'Configuration', load: () => import('./commands/add.ts') },
  remove: { summary: 'take a server out of the config', group: 'Configuration', load: () => import('./commands/remove.ts') },
  import: { summary: 'take servers over from another client', group: 'Configuration', load: () => import('./commands/import.ts') },
  connect: {
    summary: "write the hub's entry into the config of a client",
    group: 'Configuration',
    load: () => import('./commands/connect.ts'),
  },
  validate: { summary: 'check the config files', group: 'Configuration', load: () => import('./commands/validate.ts') },
  doctor: { summary: 'look at everything that the hub stands on', group: 'Configuration', load: () => import('./commands/doctor.ts') },
  secret: { summary: 'keep secrets for the config', group: 'Configuration', load: () => import('./commands/secret.ts') },
  search: { summary: 'find servers in the marketplace', group: 'Configuration', load: () => import('./commands/search.ts') },
  install: {
    summary: 'write a server of the marketplace into the config',
    group: 'Configuration',
    load: () => import('./commands/install.ts'),
  },
  completion: {
    summary: 'print what makes a shell complete commands, servers and tools',
    group: 'Shell',
    load: () => import('./commands/completion.ts'),
  },
  __complete: { summary: 'what may stand next on the line', group: 'Shell', load: () => import('./commands/complete.ts'), isHidden: true },
};

/** The commands that run for as long as somebody needs them. */
export const ownCommands = {
  serve: 'run the hub; also what mcp-hub does without a command',
  stdio: 'be an MCP server on standard streams, for clients that spawn one',
} as const;

/** Every word that may stand in the place of a command, hidden ones apart. */
export function commandNames(): readonly string[] {
  const shown = Object.entries(commandTable).filter(([, { isHidden }]) => isHidden !== true);
  return [...Object.keys(ownCommands), ...shown.map(([name]) => name), 'help'];
}

/** The entry of a command; `undefined` for a word that is none of the table. */
export function commandEntry(name: string): CommandEntry | undefined {
  return Object.hasOwn(commandTable, name) ? commandTable[name] : undefined;
}

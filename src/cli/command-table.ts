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
  import: { summary: 'take servers over from another client', group: 'Configuration', load: () => import('./commands/import.ts') },
  connect: {
    summary: "write the hub's entry into the config of a client",
    group: 'Configuration',
    load: () => import('./commands/connect.ts'),
  },
  validate: { summary: 'check the config files', group: 'Configuration', load: () => import('./commands/validate.ts') },
  doctor: { summary: 'look at everything that the hub stands on', group: 'Configuration', load: () => import('./commands/doctor.ts') },
};

/** The commands that run for as long as somebody needs them. */
export const ownCommands = {
  serve: 'run the hub; also what mcp-hub does without a command',
  stdio: 'be an MCP server on standard input and output, for clients that can only spawn a command',
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

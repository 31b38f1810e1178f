import { serveHelp, serveUsage } from './args.ts';
import { commandEntry, commandTable, GROUPS, ownCommands } from './command-table.ts';
import { exampleLines } from './option-values.ts';
import { stdioHelp } from './stdio-args.ts';

/** Of a terminal that nobody has made wider, in columns. */
const WIDTH = 80;

/** From nothing to a client that uses the hub. */
const EXAMPLES = [
  'mcp-hub add files -- npx -y @modelcontextprotocol/server-filesystem ~/notes',
  'mcp-hub --watch',
  'mcp-hub connect claude-code',
  'mcp-hub status',
];

/** `mcp-hub --help`: how the hub is started, which most people want of it, and then every command. */
export function overview(): string {
  const shown = Object.entries(commandTable).filter(([, { isHidden }]) => isHidden !== true);
  const width = Math.max(...shown.map(([name]) => name.length), 'stdio'.length) + 2;
  const line = (name: string, summary: string): string => `  ${name.padEnd(width)}${summary}\n`;
  const groups = GROUPS.map((group) => {
    const lines = shown.filter(([, entry]) => entry.group === group).map(([name, { summary }]) => line(name, summary));
    if (group === 'The hub') {
      lines.unshift(...Object.entries(ownCommands).map(([name, summary]) => line(name, summary)));
    }
    return lines.length > 0 ? `\n${group}:\n${lines.join('')}` : '';
  });
  const usage = serveUsage(WIDTH).replace('\n', '\n       mcp-hub <command> [options]\n');
  const more = 'Run "mcp-hub help <command>" for its options and examples.';
  return `${usage}\nCommands:\n${groups.join('')}${exampleLines(EXAMPLES)}\n${more}\n`;
}

/** The help of one command, whichever it is; `undefined` for a word that is none. */
export async function helpOf(name: string): Promise<string | undefined> {
  if (name === 'help') return overview();
  if (name === 'serve') return serveHelp();
  if (name === 'stdio') return stdioHelp();
  const entry = commandEntry(name);
  if (!entry) return undefined;
  const [{ command: spec }, { commandHelp }] = await Promise.all([entry.load(), import('./parse-command.ts')]);
  return commandHelp({ name, summary: entry.summary, spec });
}

import { serveHelp } from '../src/cli/args.ts';
import { commandTable, GROUPS, ownCommands } from '../src/cli/command-table.ts';
import { exitCodeMeanings } from '../src/cli/exit-codes.ts';
import { commandHelp } from '../src/cli/parse-command.ts';
import { stdioHelp } from '../src/cli/stdio-args.ts';

/** Width of the help texts on the page, in columns: that of a page, not of whoever generates it. */
const WIDTH = 100;

/** docs/cli.md: the prose of build/cli.template.md with the help of every command in it. */
export async function cliPage(template: string): Promise<string> {
  const parts: Record<string, string> = { overview: overviewTable(), exitCodes: exitCodeTable(), commands: await sections() };
  return template.replace(/^\{\{(\w+)\}\}$/gm, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`build/cli.template.md asks for an unknown part: ${name}`);
    return part;
  });
}

function shown(group: string): [string, string][] {
  const entries = Object.entries(commandTable).filter(([, entry]) => entry.isHidden !== true && entry.group === group);
  const own: [string, string][] = group === GROUPS[0] ? Object.entries(ownCommands) : [];
  return [...own, ...entries.map(([name, { summary }]): [string, string] => [name, summary])];
}

function overviewTable(): string {
  const rows = GROUPS.flatMap((group) =>
    shown(group).map(([name, summary], at) => `| ${at === 0 ? group : ''} | [\`${name}\`](#mcp-hub-${name}) | ${summary} |`),
  );
  return ['| | Command | What it does |', '|---|---|---|', ...rows].join('\n');
}

function exitCodeTable(): string {
  return ['| Code | Meaning |', '|---|---|', ...Object.entries(exitCodeMeanings).map(([code, meaning]) => `| ${code} | ${meaning} |`)].join(
    '\n',
  );
}

async function sections(): Promise<string> {
  const texts = await Promise.all(
    GROUPS.flatMap((group) => shown(group)).map(
      async ([name]) => `### mcp-hub ${name}\n\n\`\`\`text\n${(await helpOf(name)).trimEnd()}\n\`\`\``,
    ),
  );
  return texts.join('\n\n');
}

async function helpOf(name: string): Promise<string> {
  if (name === 'serve') return serveHelp(WIDTH);
  if (name === 'stdio') return stdioHelp(WIDTH);
  const entry = commandTable[name];
  if (!entry) throw new Error(`There is no command ${name}.`);
  const { command: spec } = await entry.load();
  return commandHelp({ name, summary: entry.summary, spec }, WIDTH);
}

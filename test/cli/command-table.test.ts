import { describe, expect, it } from 'vitest';
import { parseArgs, serveHelp, unknownCommand } from '../../src/cli/args.ts';
import { commandEntry, commandNames, commandTable } from '../../src/cli/command-table.ts';
import { overview } from '../../src/cli/help.ts';
import { commandHelp, parseCommand } from '../../src/cli/parse-command.ts';
import { stdioHelp } from '../../src/cli/stdio-args.ts';

const shown = Object.entries(commandTable).filter(([, { isHidden }]) => isHidden !== true);

/** The words of one command of an example, as a shell reads them. */
function wordsOf(example: string): string[] {
  const [, line = ''] = /mcp-hub (.*?)(?: [|>#].*|\).*)?$/.exec(example) ?? [];
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? '');
}

describe('the commands', () => {
  it.each(shown)('%s has help with examples that are right', async (name, { load, summary }) => {
    const { command: spec } = await load();
    const named = { name, summary, spec };
    const help = commandHelp(named, 100);
    expect(help).toMatch(new RegExp(`^Usage: mcp-hub ${name} `));
    for (const option of ['--json', '--help']) expect(help).toContain(option);
    expect(spec.examples.length).toBeGreaterThan(0);
    for (const example of spec.examples) {
      const [first, ...args] = wordsOf(example);
      expect(first, example).toBe(name);
      expect(parseCommand(named, args), example).toMatchObject({ kind: 'run' });
    }
  });

  it('stand in the overview, which begins with the hub itself', () => {
    const text = overview();
    expect(text).toMatch(/^Usage: mcp-hub \[serve\] \[options\]/);
    for (const [name, { summary }] of shown)
      expect(text).toMatch(new RegExp(`^ {2}${name} +${summary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm'));
    expect(text).not.toContain('__complete');
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('have examples, also those that have parsers of their own', () => {
    for (const text of [overview(), serveHelp(), stdioHelp()]) {
      const [, examples = ''] = text.split('\nExamples:\n');
      expect(examples).toMatch(/^ {2}mcp-hub/);
      const lines = examples.split('\n').filter((line) => line.startsWith('  mcp-hub'));
      const own = lines.map(wordsOf).filter(([first = '']) => commandEntry(first) === undefined);
      expect(own.map((words) => parseArgs(words).kind).filter((kind) => kind !== 'serve' && kind !== 'stdio')).toEqual([]);
    }
  });

  it('are known by their own names only', () => {
    expect(commandNames()).toEqual(expect.arrayContaining(['serve', 'stdio', 'status', 'help']));
    expect(commandEntry('toString')).toBeUndefined();
  });

  it.each([
    ['statsu', 'Did you mean status?'],
    ['sta', 'Did you mean status or start?'],
    ['config.json', 'Config files are named with --config.'],
  ])('are guessed from %s', (word, advice) => {
    expect(unknownCommand(word)).toContain(advice);
  });
});

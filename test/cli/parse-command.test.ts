import { InvalidArgumentError, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../../src/cli/command.ts';
import { commandHelp, gather, parseCommand } from '../../src/cli/parse-command.ts';

const spec: CommandSpec = {
  configure: (command) =>
    command
      .argument('<name>', 'the name of a server')
      .argument('[value]')
      .addOption(new Option('--env <pair>', 'a variable, NAME=value').argParser(gather))
      .addOption(new Option('--sort <order>', 'how to sort').choices(['newest', 'name']))
      .addOption(new Option('--lines <number>', 'how many').argParser(twelve)),
  examples: ['mcp-hub try this'],
  run: () => Promise.resolve(),
};

function twelve(text: string): number {
  if (text !== '12') throw new InvalidArgumentError('It has to be 12.');
  return 12;
}

const parse = (...args: string[]) => parseCommand({ name: 'try', summary: 'try a thing', spec }, args);

describe('parseCommand', () => {
  it('gives arguments and options', () => {
    expect(parse('a', '--env', 'A=1', '--env=-B', '--lines', '12', '--json', '--port', '5')).toEqual({
      kind: 'run',
      args: ['a'],
      options: { env: ['A=1', '-B'], lines: 12, json: true, port: '5' },
    });
  });

  it('takes what follows -- as it stands', () => {
    expect(parse('a', '--', '--help')).toEqual({ kind: 'run', args: ['a', '--help'], options: {} });
  });

  it('tells everything that is wrong, not only the first', () => {
    expect(parse('--lines', '3', '--sort', 'best', '--env')).toEqual({
      kind: 'wrong',
      errors: [
        '--lines "3" cannot be used: it has to be 12.',
        '--sort "best" cannot be used: allowed choices are newest, name.',
        '--env needs a value: a variable, NAME=value.',
        'name is missing: the name of a server.',
      ],
    });
    expect(parse('a', 'b', 'c', 'd')).toEqual({ kind: 'wrong', errors: ['Unexpected "c", "d".'] });
    expect(parse('a', '--sorted')).toEqual({ kind: 'wrong', errors: ['Unknown option --sorted. Did you mean --sort?'] });
  });

  it('says where the options of another program stand', () => {
    const add = (...args: string[]) => parseCommand({ name: 'try', summary: 'try a thing', spec: { ...spec, takesProgram: true } }, args);
    const errors = ['Unknown option -y.', 'If that is for npx, write -- before the command: mcp-hub try a -- npx …'];
    expect(add('a', 'npx', '-y', 'secret')).toEqual({ kind: 'wrong', errors });
    expect(add('a', '-y')).toEqual({ kind: 'wrong', errors: ['Unknown option -y.'] });
    expect(parse('a', 'npx', '-y')).toEqual({ kind: 'wrong', errors: ['Unknown option -y.'] });
  });

  it.each([[['--help']], [['-h']], [['a', '--lines', '3', '--help']]])('helps for %j', (args) => {
    expect(parse(...args)).toEqual({ kind: 'help' });
  });
});

describe('commandHelp', () => {
  it('shows usage, options and examples', () => {
    const text = commandHelp({ name: 'try', summary: 'try a thing', spec }, 100);
    expect(text).toMatch(/^Usage: mcp-hub try \[options\] <name> \[value\]\n\nTry a thing\.\n/);
    for (const option of ['--env <pair>', '--json', '--port <number>', '--hub <url>', '--config <file>', '-h, --help'])
      expect(text).toContain(option);
    expect(text).toMatch(/\nExamples:\n {2}mcp-hub try this\n$/);
  });

  it('leaves the options that find a hub out of a command that needs none', () => {
    expect(commandHelp({ name: 'try', summary: 'try', spec: { ...spec, needsNoHub: true } }, 100)).not.toContain('--hub');
  });
});
